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
    (output, joined(said))
}

/// Remarks as one text, if there are any. Each stands there once, and so does what several of them begin with, such as
/// `planned in /_mock/scenarios`: a step that is taken twice says everything twice.
pub(crate) fn joined(said: impl IntoIterator<Item = String>) -> Option<String> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for one in said {
        let (begins, goes_on) = match one.split_once(": ") {
            Some((begins, goes_on)) => (begins.to_owned(), vec![goes_on.to_owned()]),
            None => (one, Vec::new()),
        };
        match all.iter_mut().find(|(known, _)| *known == begins) {
            Some((_, known)) => {
                let new = goes_on.into_iter().filter(|one| !known.contains(one));
                let new: Vec<_> = new.collect();
                known.extend(new);
            }
            None => all.push((begins, goes_on)),
        }
    }
    let texts = all
        .into_iter()
        .map(|(begins, goes_on)| match goes_on.len() {
            0 => begins,
            _ => format!("{begins}: {}", goes_on.join(", ")),
        });
    let texts: Vec<_> = texts.collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// Says something of the request that is carried out, if somebody gathers that.
pub(crate) fn say(remark: String) {
    let _ = REMARKS.try_with(|remarks| remarks.borrow_mut().push(remark));
}

#[cfg(test)]
mod tests {
    use super::{gather, joined, say};

    #[test]
    fn remarks_and_their_beginnings_stand_there_once() {
        let joined = |said: &[&str]| joined(said.iter().map(|one| (*one).to_owned()));
        assert_eq!(joined(&[]), None);
        let planned = "planned in /_mock/scenarios: a by one";
        for (said, text) in [
            (&[planned][..], planned),
            (&[planned, planned], planned),
            (
                &[
                    planned,
                    "planned in /_mock/scenarios: b by two, c by three",
                    planned,
                ],
                "planned in /_mock/scenarios: a by one, b by two, c by three",
            ),
            (
                &[planned, "planned in /_mock/faults: d", "e", "e"],
                "planned in /_mock/scenarios: a by one; planned in /_mock/faults: d; e",
            ),
        ] {
            assert_eq!(joined(said).as_deref(), Some(text));
        }
    }

    #[tokio::test]
    async fn what_is_said_twice_is_gathered_once() {
        let step = async {
            for _ in 0..2 {
                say("planned in /_mock/scenarios: a by one".to_owned());
            }
        };
        let ((), said) = gather(step).await;
        assert_eq!(
            said.as_deref(),
            Some("planned in /_mock/scenarios: a by one")
        );
        say("nobody gathers this".to_owned());
    }
}
