//! What a VM has once: values that all its contexts share.
//!
//! A VM does one thing at a time, on one thread. Natively, where only tests run, each thread has values of its own.

/// A value of the VM, which is shown to one function after the other.
#[cfg(target_arch = "wasm32")]
pub(crate) struct Global<T>(T);

// SAFETY: the VM has one thread: its target has no atomics, so that nothing can start another.
#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
unsafe impl<T> Sync for Global<T> {}

#[cfg(target_arch = "wasm32")]
impl<T> Global<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }

    pub(crate) fn with<R>(&self, work: impl FnOnce(&T) -> R) -> R {
        work(&self.0)
    }
}

/// Declares a value of the VM; its `with` shows it.
macro_rules! global {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $value:expr;) => {
        #[cfg(target_arch = "wasm32")]
        $(#[$meta])*
        static $name: crate::vm::Global<$type> = crate::vm::Global::new($value);

        #[cfg(not(target_arch = "wasm32"))]
        std::thread_local! {
            $(#[$meta])*
            static $name: $type = const { $value };
        }
    };
}
pub(crate) use global;
