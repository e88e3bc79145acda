//! Waiting for one of two things.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Which of two came first.
pub enum Either<A, B> {
    First(A),
    Second(B),
}

/// Waits for whichever comes first, and lets go of the other.
pub async fn either<A: Future, B: Future>(first: A, second: B) -> Either<A::Output, B::Output> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|context| {
        if let Poll::Ready(done) = first.as_mut().poll(context) {
            return Poll::Ready(Either::First(done));
        }
        match second.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Either::Second(done)),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
