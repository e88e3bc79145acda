//! DeleteTopics: topics that are to go, by name or, since version 6, by id.

use super::Asked;
use crate::broker::Broker;
use crate::broker::controlling::Pending;
use crate::broker::delayed_admin::{AdminAnswer, DelayedAdmin, Until};
use crate::controller::Question;
use crate::model::{Text, TopicId, TopicName};
use crate::process::Outbox;
use crate::protocol::ErrorCode;
use crate::protocol::api::delete_topics::DeletableTopicResult;
use crate::protocol::api::{DeleteTopicsRequest, DeleteTopicsResponse};
use crate::sorted::Mentions;
use crate::time::{Duration, Moment};

/// From this version on a forbidden deletion has an error of its own.
const OWN_ERROR: i16 = 3;

impl Broker {
    pub(super) fn handle_delete_topics(
        &mut self,
        at: Moment,
        asked: &Asked,
        request: &DeleteTopicsRequest,
        out: &mut Outbox,
    ) {
        let named = request.topic_names.iter();
        let named = named.map(|name| (Some(name.clone()), TopicId::default()));
        let listed = request.topics.iter();
        let listed = listed.map(|topic| (topic.name.clone(), topic.topic_id));
        let mut results: Vec<DeletableTopicResult> = named
            .chain(listed)
            .map(|(name, topic_id)| DeletableTopicResult {
                name,
                topic_id,
                ..DeletableTopicResult::default()
            })
            .collect();
        self.judge_deletions(asked.id.version, &mut results);
        let fine = results.iter().filter(|result| result.error_code == 0);
        let fine = fine.filter_map(|result| result.name.clone().map(TopicName));
        let topics: Vec<TopicName> = fine.collect();
        let pending = Pending::DeleteTopics {
            asked: asked.clone(),
            results,
            timeout: Duration::from_millis_i32(request.timeout_ms),
        };
        self.ask_controller(at, pending, Question::DeleteTopics(topics), out);
    }

    /// What can be said against each, in Kafka's order.
    fn judge_deletions(&self, version: i16, results: &mut [DeletableTopicResult]) {
        let forbidden = match version {
            _ if self.config.delete_topics => None,
            OWN_ERROR.. => Some(ErrorCode::TopicDeletionDisabled),
            _ => Some(ErrorCode::InvalidRequest),
        };
        for result in results.iter_mut() {
            let by_id = result.topic_id != TopicId::default();
            let error = match (forbidden, &result.name, by_id) {
                (Some(error), _, _) => Err(error),
                // One or the other, not both and not neither.
                (None, Some(_), true) | (None, None, false) => Err(ErrorCode::InvalidRequest),
                (None, None, true) => match self.metadata.name_of(result.topic_id) {
                    Some(name) => {
                        result.name = Some(name.0.clone());
                        Ok(())
                    }
                    None => Err(ErrorCode::UnknownTopicId),
                },
                (None, Some(name), false) => match self.metadata.topic(&TopicName(name.clone())) {
                    Some(topic) => {
                        result.topic_id = topic.id;
                        Ok(())
                    }
                    None => Err(ErrorCode::UnknownTopicOrPartition),
                },
            };
            result.error_code = error.map_or_else(ErrorCode::code, |()| 0);
        }
        let names = results.iter().filter_map(|result| result.name.clone());
        let names: Vec<Text> = names.collect();
        let mentions = Mentions::of(&names);
        for result in results.iter_mut() {
            let name = result.name.as_ref();
            if name.is_some_and(|name| mentions.is_repeated(name)) {
                result.error_code = ErrorCode::InvalidRequest.code();
            }
        }
    }

    /// The topics are marked; the answer waits until this broker does not know them any more.
    pub(in crate::broker) fn topics_marked(
        &mut self,
        at: Moment,
        asked: &Asked,
        mut results: Vec<DeletableTopicResult>,
        timeout: Duration,
        marked: Result<(), ErrorCode>,
        out: &mut Outbox,
    ) {
        if let Err(error) = marked {
            for result in &mut results {
                result.error_code = error.code();
            }
        }
        let fine = |result: &DeletableTopicResult| result.error_code == 0;
        let waits = results
            .iter()
            .enumerate()
            .filter(|(_, result)| fine(result));
        let waits = waits.filter_map(|(place, result)| {
            let name = TopicName(result.name.clone()?);
            Some(((place, 0), Until::Gone(name)))
        });
        let waiting = waits.collect();
        let answer = AdminAnswer::DeleteTopics(DeleteTopicsResponse {
            responses: results,
            ..DeleteTopicsResponse::default()
        });
        let delayed = DelayedAdmin { answer, waiting };
        self.answer_when_known(at, asked.id, timeout, delayed, out);
    }
}
