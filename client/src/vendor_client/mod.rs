//! The methods that every client of a vendor's API has besides its operations. Must not know any API.

pub(crate) mod raw_call;

/// Methods for calls that differ from the client's others. The client has a function `changed`, which makes a copy of it
/// with another [`Inner`](crate::transport::inner::Inner), and `raw_client`, its generated client.
macro_rules! calls {
    ($failure:ty) => {
        /// A copy of this client whose calls use these options. It is cheap, and shares connections and retry budget.
        /// Options of a copy win over those of the client that it is a copy of.
        pub fn with(&self, options: $crate::CallOptions) -> Self {
            self.changed(|inner| {
                inner.transport = ::std::sync::Arc::new(inner.transport.with(options))
            })
        }

        /// Makes a call by the client that the closure gets, and returns the answer with its status, headers, request id and
        /// number of attempts. If the closure makes several calls, the last one counts.
        ///
        /// [`Reply`](crate::Reply) has an example.
        ///
        /// # Errors
        ///
        /// As the call; and [`Kind::InvalidInput`](crate::Kind::InvalidInput) if the closure makes none.
        pub async fn reply<T>(
            &self,
            call: impl AsyncFnOnce(Self) -> $crate::Result<T>,
        ) -> $crate::Result<$crate::Reply<T>> {
            let (client, capture) = self.captured();
            capture.reply(call(client).await?)
        }

        /// A copy of this client, and where its calls leave what a reply needs.
        pub(crate) fn captured(&self) -> (Self, $crate::transport::reply::Capture) {
            let capture = $crate::transport::reply::Capture::default();
            let kept = capture.clone();
            let client = self.changed(|inner| {
                inner.transport = ::std::sync::Arc::new(inner.transport.capturing(kept));
            });
            (client, capture)
        }

        /// Calls an endpoint that this client does not know, with its credentials, time limits, retries and spans. Returns
        /// the JSON of the answer; `null` for an empty one.
        ///
        /// `path` begins with `/` and is appended to the base URL without its `/v1`; it may have a query. Percent-encode
        /// ids in it. The client repeats GET, HEAD and OPTIONS, and other requests only with
        /// [`CallOptions::idempotency_key`](crate::CallOptions::idempotency_key). The path reaches no span and no error.
        ///
        /// # Errors
        ///
        /// [`Kind::InvalidInput`](crate::Kind::InvalidInput) for a path that does not stay below the base URL, without
        /// sending anything; [`Kind::Decode`](crate::Kind::Decode) for an answer that is not JSON; and as every call.
        pub async fn send_raw(
            &self,
            method: ::http::Method,
            path: &str,
            body: impl Into<Option<::serde_json::Value>>,
        ) -> $crate::Result<::serde_json::Value> {
            use $crate::vendor_client::raw_call;

            let raw = self.raw_client();
            let (operation, request) =
                raw_call::request(raw.inner.baseurl(), method, path, body.into())?;
            let facts = $crate::transport::Facts::default();
            let inner = raw.inner.keeping(facts.clone());
            let answer = inner
                .send(&raw.client, &mut Some(request), &operation)
                .await;
            raw_call::answer::<$failure>(answer, &facts)
        }
    };
}

pub(crate) use calls;
