//! Requests that cannot be read, and requests that only look as if they could not: encodings of ids, and bodies where
//! none is wanted. Must not know how the mock reads requests.

mod bodies;
mod targets;

use crate::wire::Request;
use crate::world::{Signer, World};

fn add_users(world: &World, body: impl Into<Vec<u8>>) -> Request {
    world
        .request(
            Signer::Application,
            "POST",
            "/management/add_users/mock-app",
        )
        .json(body)
}
