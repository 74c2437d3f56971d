//! The kinds of secrets, as a configuration names them.

/// A kind of what must not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// An e-mail address.
    Email,
    /// A phone number: international with its `+`, or in groups.
    Phone,
    /// The number of a payment card, by its check digit.
    CreditCard,
    /// An account, by its check digits.
    Iban,
    /// A key or token of a known shape.
    ApiKey,
    /// A signed token.
    Jwt,
    /// A private key's block.
    PrivateKey,
}

impl Secret {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Email, Self::Phone, Self::CreditCard, Self::Iban, Self::ApiKey, Self::Jwt, Self::PrivateKey];

    /// Its name, in a configuration and where it stood.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::CreditCard => "credit_card",
            Self::Iban => "iban",
            Self::ApiKey => "api_key",
            Self::Jwt => "jwt",
            Self::PrivateKey => "private_key",
        }
    }
}
