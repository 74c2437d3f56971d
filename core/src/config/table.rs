//! What a key of the configuration is: the rows that [`section!`] makes of a struct, and the places that they fill.
//!
//! Everything else walks these rows, and none of it is generic: reading ([`super::read`]), checking
//! ([`super::check`]), and for tools the schema and what is effective.

use std::collections::BTreeMap;

use super::Secret;
use super::problems::Problems;

/// An object of the configuration.
pub(super) trait Section {
    /// Its keys, in the order of the struct.
    fn keys(&self) -> &'static [Key];

    /// The place of a key, by its index among them.
    fn slot(&mut self, index: usize) -> Slot<'_>;

    /// What its keys do not say each for itself: what contradicts itself.
    fn check(&self, problems: &mut Problems);
}

/// A key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    /// Names that it had.
    pub(super) aliases: &'static [&'static str],
    pub(super) rule: Rule,
    /// What it is for. The filter does not carry it.
    #[cfg(feature = "tools")]
    pub(super) doc: &'static [&'static str],
}

impl Key {
    /// Its name, and those that it had.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.name].into_iter().chain(self.aliases.iter().copied())
    }
}

/// What a value must be beyond its type.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// Nothing.
    Any,
    /// A number from here to there, in a unit.
    Within(f64, f64, &'static str),
    /// A text of which this says what is wrong with it, if anything is.
    Text(fn(&str) -> Option<String>),
    /// A text that is one of these names.
    Known(fn() -> Vec<&'static str>),
    /// A list in whose place one of its items may stand by itself.
    OneOrList,
}

/// A number with bounds.
pub(super) const fn within(least: u32, most: u32, unit: &'static str) -> Rule {
    Rule::Within(least as f64, most as f64, unit)
}

/// The place of a value: where it is put, and of what type it is.
pub(super) enum Slot<'a> {
    Text(&'a mut String),
    MaybeText(&'a mut Option<String>),
    MaybeSecret(&'a mut Option<Secret>),
    Flag(&'a mut bool),
    MaybeFlag(&'a mut Option<bool>),
    Whole(&'a mut u32),
    MaybeWhole(&'a mut Option<u32>),
    MaybeLong(&'a mut Option<u64>),
    Number(&'a mut f64),
    MaybeNumber(&'a mut Option<f64>),
    /// One of several names.
    Name(&'a mut dyn Name),
    Names(&'a mut dyn Names),
    Texts(&'a mut Vec<String>),
    Map(&'a mut BTreeMap<String, String>),
    Secrets(&'a mut BTreeMap<String, Secret>),
    Section(&'a mut dyn Section),
    Sections(&'a mut dyn Sections),
    /// There is no such key.
    None,
}

/// What a field of a section can be.
pub(super) trait Field {
    fn slot(&mut self) -> Slot<'_>;
}

macro_rules! fields {
    ($($type:ty => $slot:ident,)*) => {
        $(impl Field for $type {
            fn slot(&mut self) -> Slot<'_> {
                Slot::$slot(self)
            }
        })*
    };
}

fields! {
    String => Text,
    Option<String> => MaybeText,
    Option<Secret> => MaybeSecret,
    bool => Flag,
    Option<bool> => MaybeFlag,
    u32 => Whole,
    Option<u32> => MaybeWhole,
    Option<u64> => MaybeLong,
    f64 => Number,
    Option<f64> => MaybeNumber,
    BTreeMap<String, String> => Map,
    BTreeMap<String, Secret> => Secrets,
}

/// What a list may hold.
pub(super) trait Item: Sized {
    fn slot(list: &mut Vec<Self>) -> Slot<'_>;
}

impl<T: Item> Field for Vec<T> {
    fn slot(&mut self) -> Slot<'_> {
        T::slot(self)
    }
}

impl Item for String {
    fn slot(list: &mut Vec<Self>) -> Slot<'_> {
        Slot::Texts(list)
    }
}

/// A type of which each value has a name.
pub(super) trait Choice: Copy + PartialEq + 'static {
    const CHOICES: &'static [Self];
    const NAMES: &'static [&'static str];
}

/// The place of a [`Choice`].
pub(super) trait Name {
    fn names(&self) -> &'static [&'static str];
    /// Takes the one of this index.
    fn choose(&mut self, index: usize);
    #[cfg(feature = "tools")]
    fn chosen(&self) -> Option<&'static str>;
}

impl<T: Choice> Name for T {
    fn names(&self) -> &'static [&'static str] {
        T::NAMES
    }

    fn choose(&mut self, index: usize) {
        if let Some(choice) = T::CHOICES.get(index) {
            *self = *choice;
        }
    }

    #[cfg(feature = "tools")]
    fn chosen(&self) -> Option<&'static str> {
        let index = T::CHOICES.iter().position(|choice| choice == self)?;
        T::NAMES.get(index).copied()
    }
}

/// The place of a list of them.
pub(super) trait Names {
    fn names(&self) -> &'static [&'static str];
    fn clear(&mut self);
    /// Adds the one of this index.
    fn add(&mut self, index: usize);
    #[cfg(feature = "tools")]
    fn chosen(&self) -> Vec<&'static str>;
}

impl<T: Choice> Names for Vec<T> {
    fn names(&self) -> &'static [&'static str] {
        T::NAMES
    }

    fn clear(&mut self) {
        self.clear();
    }

    fn add(&mut self, index: usize) {
        self.extend(T::CHOICES.get(index));
    }

    #[cfg(feature = "tools")]
    fn chosen(&self) -> Vec<&'static str> {
        self.iter().filter_map(Name::chosen).collect()
    }
}

/// The place of a list of objects.
pub(super) trait Sections {
    fn clear(&mut self);
    /// Adds one with its defaults.
    fn add(&mut self) -> &mut dyn Section;
    fn item(&mut self, index: usize) -> Option<&mut dyn Section>;
}

impl<T: Section + Default> Sections for Vec<T> {
    fn clear(&mut self) {
        self.clear();
    }

    fn add(&mut self) -> &mut dyn Section {
        self.push_mut(T::default())
    }

    fn item(&mut self, index: usize) -> Option<&mut dyn Section> {
        self.get_mut(index).map(|section| section as _)
    }
}

/// Declares the values of a [`Choice`] and their names.
macro_rules! choice {
    ($($type:ty { $($value:ident = $name:literal,)* })*) => {
        $(
            impl $crate::config::table::Choice for $type {
                const CHOICES: &'static [Self] = &[$(Self::$value),*];
                const NAMES: &'static [&'static str] = &[$($name),*];
            }

            impl $crate::config::table::Field for $type {
                fn slot(&mut self) -> $crate::config::table::Slot<'_> {
                    $crate::config::table::Slot::Name(self)
                }
            }

            impl $crate::config::table::Item for $type {
                fn slot(list: &mut Vec<Self>) -> $crate::config::table::Slot<'_> {
                    $crate::config::table::Slot::Names(list)
                }
            }
        )*
    };
}
pub(super) use choice;

/// Declares an object of the configuration: a struct, its defaults, and its table. A row is
/// `/// doc` `key: Type = default => rule, also "former name";`, of which the rule and the other names may be missing.
/// What stands in brackets behind the struct's name is no key.
macro_rules! section {
    (
        $(#[$meta:meta])*
        pub struct $section:ident $([
            $($(#[$hidden_meta:meta])* $hidden:ident: $hidden_type:ty = $hidden_default:expr),*
        ])? {
            $(
                $(#[$($attribute:tt)*])*
                $key:ident: $type:ty = $default:expr $(=> $rule:expr)? $(, also $alias:literal)*;
            )*
        }
        $(checked by $check:path)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $section {
            $($(#[$($attribute)*])* pub $key: $type,)*
            $($($(#[$hidden_meta])* pub $hidden: $hidden_type,)*)?
        }

        impl Default for $section {
            fn default() -> Self {
                Self { $($key: $default,)* $($($hidden: $hidden_default,)*)? }
            }
        }

        impl $crate::config::table::Section for $section {
            fn keys(&self) -> &'static [$crate::config::table::Key] {
                const KEYS: &[$crate::config::table::Key] = &[$($crate::config::table::Key {
                    name: stringify!($key),
                    aliases: &[$($alias),*],
                    rule: $crate::config::table::rule!($($rule)?),
                    #[cfg(feature = "tools")]
                    doc: &[$($crate::config::table::line!($($attribute)*)),*],
                }),*];
                KEYS
            }

            fn slot(&mut self, index: usize) -> $crate::config::table::Slot<'_> {
                let fields: &[fn(&mut Self) -> $crate::config::table::Slot<'_>] =
                    &[$(|section| $crate::config::table::Field::slot(&mut section.$key)),*];
                match fields.get(index) {
                    Some(field) => field(self),
                    None => $crate::config::table::Slot::None,
                }
            }

            fn check(&self, _problems: &mut $crate::config::problems::Problems) {
                $($check(self, _problems);)?
            }
        }

        impl $crate::config::table::Field for $section {
            fn slot(&mut self) -> $crate::config::table::Slot<'_> {
                $crate::config::table::Slot::Section(self)
            }
        }

        impl $crate::config::table::Item for $section {
            fn slot(list: &mut Vec<Self>) -> $crate::config::table::Slot<'_> {
                $crate::config::table::Slot::Sections(list)
            }
        }
    };
}
pub(super) use section;

macro_rules! rule {
    () => {
        $crate::config::table::Rule::Any
    };
    ($rule:expr) => {
        $rule
    };
}
pub(super) use rule;

/// A line of a doc comment, of the attributes of a field.
#[cfg(feature = "tools")]
macro_rules! line {
    (doc = $line:literal) => {
        $line
    };
    ($($other:tt)*) => {
        ""
    };
}
#[cfg(feature = "tools")]
pub(super) use line;
