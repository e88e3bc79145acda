//! DeleteTopics: removes topics with everything in them. Only the controller does it.

use crate::model::{Text, TopicId};
use crate::protocol::message::messages;

messages! {
    /// Asks for topics to be removed.
    pub struct DeleteTopicsRequest [flexible 4] {
        /// The topics, each by name or by id.
        topics: Vec<DeleteTopicState> [6..];
        topic_names: Vec<Text> [0..=5];
        /// How long to wait until the topics are gone.
        timeout_ms: i32 [0..];
    }

    /// A topic to remove: by its name or, if that is null, by its id.
    pub struct DeleteTopicState {
        name: Option<Text> [6..] null [6..];
        topic_id: TopicId [6..];
    }

    /// What became of the topics.
    pub struct DeleteTopicsResponse [flexible 4] {
        /// How long the client's next request will wait because of quotas.
        throttle_time_ms: i32 [1..];
        responses: Vec<DeletableTopicResult> [0..];
    }

    /// What became of one topic.
    pub struct DeletableTopicResult {
        /// Null if it was asked for by an id that nobody knows.
        name: Option<Text> [0..] null [6..];
        topic_id: TopicId [6..];
        error_code: i16 [0..];
        error_message: Option<Text> [5..] null [5..];
    }
}
