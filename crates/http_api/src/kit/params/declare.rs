//! The macros that declare parameters: one source for reading and for documentation.

/// Declares what one operation takes.
///
/// ```
/// use halyard_http_api::kit::params::{FromParams, List};
///
/// halyard_http_api::params! {
///     /// Adds a comment to a thread.
///     pub struct AddComment {
///         /// The thread to comment on.
///         #[names("thread_id", "id")]
///         thread_id: i64,
///         /// The text, in Markdown.
///         content: String,
///         /// Files that were uploaded before.
///         attachments: Option<List>,
///     }
/// }
///
/// let fields = AddComment::fields();
/// assert_eq!((fields[0].name, fields[0].aliases), ("thread_id", ["id"].as_slice()));
/// assert_eq!((fields[1].required, fields[2].required), (true, false));
/// assert_eq!(fields[1].doc, "The text, in Markdown.");
/// ```
///
/// The first of `names` is the documented one; the first that was given is taken. Without `names`
/// the field's own name is the parameter's. A field's type is any
/// [`Param`](crate::kit::params::Param); `Option` and
/// [`Patch`](crate::kit::params::Patch) make it optional.
#[macro_export]
macro_rules! params {
    ($(
        $(#[$about:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $(#[names($($spelling:literal),+ $(,)?)])?
                $field_vis:vis $field:ident: $type:ty
            ),* $(,)?
        }
    )+) => {$(
        $(#[$about])*
        $vis struct $name {
            $($(#[doc = $doc])* $field_vis $field: $type,)*
        }

        impl $crate::kit::params::FromParams for $name {
            fn from_params(
                params: &mut $crate::kit::params::Params,
            ) -> ::std::result::Result<Self, $crate::kit::params::ParamError> {
                ::std::result::Result::Ok($name {
                    $($field: params.get($crate::__param_names!($field $($($spelling)+)?))?,)*
                })
            }

            fn fields() -> ::std::vec::Vec<$crate::kit::params::FieldSpec> {
                ::std::vec![$($crate::kit::params::FieldSpec::of::<$type>(
                    $crate::__param_names!($field $($($spelling)+)?),
                    ::std::concat!($($doc),*),
                ),)*]
            }
        }
    )+};
}

/// The spellings of one field of [`params!`]: as declared, else the field's own name.
#[doc(hidden)]
#[macro_export]
macro_rules! __param_names {
    ($field:ident) => {
        &[::std::stringify!($field)]
    };
    ($field:ident $($spelling:literal)+) => {
        &[$($spelling),+]
    };
}

/// Lets id types, which are made from an `i64`, be parameters: `id_param!(ThreadId, UserId);`.
#[macro_export]
macro_rules! id_param {
    ($($id:ty),+ $(,)?) => {$(
        impl $crate::kit::params::FromId for $id {
            fn from_id(id: i64) -> Self {
                <$id>::from(id)
            }
        }

        impl $crate::kit::params::Param for $id {
            fn kind() -> $crate::kit::params::Kind {
                $crate::kit::params::Kind::Integer
            }

            fn parse(
                raw: $crate::kit::params::Raw,
            ) -> ::std::result::Result<::std::option::Option<Self>, $crate::kit::params::Problem> {
                <i64 as $crate::kit::params::Param>::parse(raw).map(|id| id.map(<$id>::from))
            }
        }
    )+};
}

/// Lets an enum be a parameter: `choice_param!(Order { "asc" => Order::Asc, … });`. Words compare
/// without regard to case, several may mean the same, and empty text means "not given".
#[macro_export]
macro_rules! choice_param {
    ($type:ty { $first:literal => $first_value:expr $(, $word:literal => $value:expr)* $(,)? }) => {
        impl $crate::kit::params::Param for $type {
            fn kind() -> $crate::kit::params::Kind {
                $crate::kit::params::Kind::Choice(&[$first $(, $word)*])
            }

            fn parse(
                raw: $crate::kit::params::Raw,
            ) -> ::std::result::Result<::std::option::Option<Self>, $crate::kit::params::Problem> {
                match raw.text().map(str::trim) {
                    ::std::option::Option::Some("") => {
                        return ::std::result::Result::Ok(::std::option::Option::None);
                    }
                    ::std::option::Option::Some(text) => {
                        if text.eq_ignore_ascii_case($first) {
                            return ::std::result::Result::Ok(::std::option::Option::Some($first_value));
                        }
                        $(if text.eq_ignore_ascii_case($word) {
                            return ::std::result::Result::Ok(::std::option::Option::Some($value));
                        })*
                    }
                    ::std::option::Option::None => {}
                }
                ::std::result::Result::Err($crate::kit::params::Problem::Invalid {
                    expected: ::std::concat!("one of: ", $first $(, ", ", $word)*),
                })
            }
        }
    };
}
