//! DeleteTopics: topics that are to go, by name or, since version 6, by id.

use super::Asked;
use crate::broker::Broker;
use crate::broker::controlling::Pending;
use crate::broker::delayed_admin::{AdminAnswer, DelayedAdmin, Until};
use crate::controller::Question;
use crate::model::{TopicId, TopicName};
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
        let topics = deletable(&results).into_iter();
        let topics: Vec<TopicName> = topics.map(|(_, name)| name).collect();
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
        let by_id = |result: &DeletableTopicResult| result.topic_id != TopicId::default();
        // One that has both spoils them all.
        let has_both = |result: &DeletableTopicResult| result.name.is_some() && by_id(result);
        let spoilt = results
            .iter()
            .any(has_both)
            .then_some(ErrorCode::InvalidRequest);
        let of_all = forbidden.or(spoilt);
        for result in results.iter_mut() {
            let error = match (of_all, &result.name, by_id(result)) {
                (Some(error), _, _) => Err(error),
                // Nobody may delete what has no name, not even where everybody may do everything.
                (None, None, false) => Err(ErrorCode::TopicAuthorizationFailed),
                (None, None, true) => match self.metadata.name_of(result.topic_id) {
                    Some(name) => {
                        result.name = Some(name.0.clone());
                        Ok(())
                    }
                    None => Err(ErrorCode::UnknownTopicId),
                },
                // Its id is told to who has named it by that, and to nobody else.
                (None, Some(name), _) => match self.metadata.topic(&TopicName(name.clone())) {
                    Some(_) => Ok(()),
                    None => Err(ErrorCode::UnknownTopicOrPartition),
                },
            };
            result.error_code = error.map_or_else(ErrorCode::code, |()| 0);
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
                // Kafka has not looked whose id that is when it finds that it is not the controller.
                if result.topic_id != TopicId::default() {
                    result.name = None;
                }
            }
        }
        let waits = deletable(&results).into_iter();
        let waiting = waits
            .map(|(place, name)| ((place, 0), Until::Gone(name)))
            .collect();
        let answer = AdminAnswer::DeleteTopics(DeleteTopicsResponse {
            responses: results,
            ..DeleteTopicsResponse::default()
        });
        let delayed = DelayedAdmin { answer, waiting };
        self.answer_when_known(at, asked.id, timeout, delayed, out);
    }
}

/// The topics that can go, each with the place at which it is named first: to Kafka they are a set. What becomes of a
/// topic is told there; where it is named again, nothing was wrong with that.
fn deletable(results: &[DeletableTopicResult]) -> Vec<(usize, TopicName)> {
    let fine = results.iter().enumerate();
    let fine = fine.filter(|(_, result)| result.error_code == 0);
    let fine = fine.filter_map(|(place, result)| Some((place, result.name.as_ref()?)));
    let fine: Vec<_> = fine.collect();
    let mentions = Mentions::of(fine.iter().map(|(_, name)| *name));
    let firsts = mentions.firsts().map(|first| fine[first]);
    firsts
        .map(|(place, name)| (place, TopicName(name.clone())))
        .collect()
}
