//! A thousand tests: ten of ten of ten. One of ten is asynchronous, the others block.

use stepup_mock::MockServer;

use super::step_up::step_up;

/// Ten tests: nine that block, and one that is asynchronous.
macro_rules! ten {
    ($($blocking:ident)*) => {
        use super::*;
        $(
            #[test]
            fn $blocking() {
                let mock = MockServer::shared().unwrap();
                mock.block_on(step_up(mock, stringify!($blocking)));
            }
        )*

        #[tokio::test]
        async fn ten() {
            step_up(MockServer::shared().unwrap(), "ten").await;
        }
    };
}

/// A hundred tests.
macro_rules! hundred {
    ($($module:ident)*) => {
        use super::*;
        $(mod $module { ten! { one two three four five six seven eight nine } })*
    };
}

/// A thousand tests.
macro_rules! thousand {
    ($($module:ident)*) => {
        $(mod $module { hundred! { a b c d e f g h i j } })*
    };
}

thousand! { a b c d e f g h i j }
