//! Read access and write access to a tenant's state. An operation that reads gets a caller; one that changes something
//! gets a [`Writer`]. Knows no API.

use std::ops::Deref;
use std::sync::Arc;

use crate::domain::Vendor;
use crate::runtime::part::Part;

/// A caller who may change their tenant's state. Otherwise the same as the caller.
#[derive(Debug)]
pub(crate) struct Writer<C, V: Vendor> {
    caller: C,
    pub(crate) tenant: Arc<Part<V>>,
}

impl<C, V: Vendor> Writer<C, V> {
    pub(crate) const fn new(caller: C, tenant: Arc<Part<V>>) -> Self {
        Self { caller, tenant }
    }

    /// The same caller, with read access only.
    pub(crate) fn into_reader(self) -> C {
        self.caller
    }
}

impl<C: Clone, V: Vendor> Clone for Writer<C, V> {
    fn clone(&self) -> Self {
        Self::new(self.caller.clone(), Arc::clone(&self.tenant))
    }
}

impl<C, V: Vendor> Deref for Writer<C, V> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.caller
    }
}
