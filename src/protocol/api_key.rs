//! `apis!`: the table of APIs, from which everything that must agree with it is made: `ApiKey`, the
//! pairing of requests with responses, and the dispatch over all of them.

/// Who may call an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody; ApiVersions lists it.
    Clients,
    /// Brokers and the controller among themselves; ApiVersions does not list it.
    Brokers,
}

/// Makes `ApiKey`, `AnyRequest` and `AnyResponse` of the table; see `protocol`.
macro_rules! apis {
    ($(
        $(#[$meta:meta])*
        $name:ident = $code:literal, versions $versions:expr, for $audience:ident,
            $request:path => $response:path;
    )*) => {
        /// An API: a kind of request that is served here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ApiKey {
            $($(#[$meta])* $name = $code,)*
        }

        impl ApiKey {
            /// Every API in the order of the table.
            pub const ALL: &'static [ApiKey] = &[$(ApiKey::$name),*];

            /// The API with this number on the wire, if it is served here.
            pub fn from_i16(code: i16) -> Option<ApiKey> {
                match code {
                    $($code => Some(ApiKey::$name),)*
                    _ => None,
                }
            }

            /// The number on the wire.
            pub fn code(self) -> i16 {
                self as i16
            }

            /// Kafka's name.
            pub fn name(self) -> &'static str {
                match self {
                    $(ApiKey::$name => stringify!($name),)*
                }
            }

            /// The versions that are served.
            pub fn versions(self) -> RangeInclusive<i16> {
                match self {
                    $(ApiKey::$name => $versions,)*
                }
            }

            /// The newest of them: what brokers speak among themselves.
            pub fn newest(self) -> i16 {
                *self.versions().end()
            }

            /// Who may call it.
            pub fn audience(self) -> Audience {
                match self {
                    $(ApiKey::$name => Audience::$audience,)*
                }
            }

            /// The first version in the flexible layout; `i16::MAX` if there is none.
            pub fn first_flexible(self) -> i16 {
                match self {
                    $(ApiKey::$name => <$request as Message>::FIRST_FLEXIBLE,)*
                }
            }
        }

        $(impl Request for $request {
            const API: ApiKey = ApiKey::$name;
            type Response = $response;
        })*

        /// A request of any API.
        #[derive(Clone, Debug, PartialEq)]
        pub enum AnyRequest {
            $($name($request),)*
        }

        /// A response of any API.
        #[derive(Clone, Debug, PartialEq)]
        pub enum AnyResponse {
            $($name($response),)*
        }

        impl AnyRequest {
            pub fn api(&self) -> ApiKey {
                match self {
                    $(AnyRequest::$name(_) => ApiKey::$name,)*
                }
            }

            /// Reads the body of a request to `api`.
            pub fn decode_body(
                api: ApiKey,
                version: i16,
                reader: &mut Reader<'_>,
            ) -> Result<AnyRequest, Malformed> {
                match api {
                    $(ApiKey::$name => {
                        <$request>::decode(reader, version).map(AnyRequest::$name)
                    })*
                }
            }

            /// The request as it goes over a connection, its size first.
            pub fn encode(
                &self,
                version: i16,
                correlation_id: i32,
                client_id: Option<&str>,
            ) -> Chunks {
                match self {
                    $(AnyRequest::$name(body) => {
                        encode_request(body, version, correlation_id, client_id)
                    })*
                }
            }

            /// A request to `api` made of `dice`.
            pub fn sample(api: ApiKey, version: i16, dice: &mut Dice<'_>) -> AnyRequest {
                let context = Context::new(version, api.first_flexible());
                match api {
                    $(ApiKey::$name => {
                        let mut body = <$request>::default();
                        body.sample(dice, context);
                        AnyRequest::$name(body)
                    })*
                }
            }
        }

        impl AnyResponse {
            pub fn api(&self) -> ApiKey {
                match self {
                    $(AnyResponse::$name(_) => ApiKey::$name,)*
                }
            }

            /// Reads the body of a response of `api`.
            pub fn decode_body(
                api: ApiKey,
                version: i16,
                reader: &mut Reader<'_>,
            ) -> Result<AnyResponse, Malformed> {
                match api {
                    $(ApiKey::$name => {
                        <$response>::decode(reader, version).map(AnyResponse::$name)
                    })*
                }
            }

            /// The response as it goes over a connection, its size first.
            pub fn encode(&self, version: i16, correlation_id: i32) -> Chunks {
                match self {
                    $(AnyResponse::$name(body) => {
                        encode_response(ApiKey::$name, version, correlation_id, body)
                    })*
                }
            }

            /// A response of `api` made of `dice`.
            pub fn sample(api: ApiKey, version: i16, dice: &mut Dice<'_>) -> AnyResponse {
                let context = Context::new(version, api.first_flexible());
                match api {
                    $(ApiKey::$name => {
                        let mut body = <$response>::default();
                        body.sample(dice, context);
                        AnyResponse::$name(body)
                    })*
                }
            }
        }
    };
}

pub(super) use apis;
