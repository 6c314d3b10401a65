//! What the steps of a request have to say of it in the journal, besides its answer. Knows no request and no step.

use std::cell::RefCell;
use std::future::Future;

tokio::task_local! {
    static REMARKS: RefCell<Vec<String>>;
}

/// Runs what a request asks for, and gathers what is said meanwhile.
pub(crate) async fn gather<F: Future>(step: F) -> (F::Output, Option<String>) {
    let all = async {
        let output = step.await;
        (output, REMARKS.with(RefCell::take))
    };
    let (output, said) = REMARKS.scope(RefCell::default(), all).await;
    let said = (!said.is_empty()).then(|| said.join("; "));
    (output, said)
}

/// Says something of the request that is carried out, if somebody gathers that.
pub(crate) fn say(remark: String) {
    let _ = REMARKS.try_with(|remarks| remarks.borrow_mut().push(remark));
}
