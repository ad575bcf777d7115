//! Command codes: a constant and a printed name for each, said once.

/// Gives a command type its constants and its names.
macro_rules! command_codes {
    ($command:ident: $(#[$doc:meta])* { $($name:ident = $code:literal),* $(,)? }) => {
        impl $command {
            $(#[doc = concat!("`", stringify!($name), "`")] pub const $name: Self = Self($code);)*

            $(#[$doc])*
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }

        /// The name, or `CMD_` and the code in hexadecimal.
        impl std::fmt::Display for $command {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => write!(f, "CMD_{:02x}", self.0),
                }
            }
        }
    };
}

pub(super) use command_codes;
