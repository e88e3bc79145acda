//! Going somewhere: addresses, links, and opening the page of a route.

use wasm_bindgen::JsValue;
use yew::prelude::*;

use super::{App, HOME, SANDBOX, window};
use crate::client::config::Acks;
use crate::script::{self, link};
use crate::session::{Pace, Session, Speed};
use crate::ui::article::losing;
use crate::ui::kept;
use crate::ui::player::{self, FIRST_SPEED};
use crate::ui::route::{Route, read_address};
use crate::ui::share;
use crate::ui::state::{Action, Origin};

/// How many milliseconds of work a script may ask for before it is there.
const MOST_WAIT: f64 = 10_000.0;

impl App {
    /// The address of a route.
    pub fn href(&self, route: &Route) -> String {
        format!("{}{}", self.page.root(), route.path())
    }

    /// What a link to a route does when it is pressed plainly.
    pub fn link(&self, route: Route) -> Callback<MouseEvent> {
        let app = self.clone();
        Callback::from(move |event: MouseEvent| {
            if event.ctrl_key() || event.meta_key() || event.shift_key() || event.button() != 0 {
                return;
            }
            event.prevent_default();
            app.go(route.clone());
        })
    }

    /// Goes to a route and remembers it in the browser's history.
    pub fn go(&self, route: Route) {
        let href = self.href(&route);
        if let Ok(history) = window().history() {
            let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&href));
        }
        self.arrive(route);
    }

    /// Opens what an address says; what leads nowhere leads to the contents, with a sentence.
    pub(super) fn open_address(&self, address: &str) {
        let (route, fragment) = read_address(&self.page.root(), address);
        match route {
            Ok(route) => self.arrive(route),
            Err(path) => {
                self.player.pause();
                self.dispatch(Action::Strayed(
                    format!("There is no page called {path}. These are the lessons.").into(),
                ));
            }
        }
        match fragment.as_deref().and_then(link::unpack) {
            Some(Ok(script)) => self.open_script(&script, Origin::Link),
            Some(Err(damaged)) => self.complain(
                damaged.sentence(),
                "The cluster you see is the one that was running.",
            ),
            None => {}
        }
        let place = fragment.as_deref().and_then(share::read_place);
        if let Some(place) = place.filter(|_| self.player.with(|s| !s.chapters().is_empty())) {
            self.player.seek_place(place);
        }
    }

    /// Replays somebody's script in the sandbox. What cannot be read changes nothing.
    pub(super) fn open_script(&self, text: &str, origin: Origin) {
        if let Err(sentence) = self.replay(text, origin) {
            self.complain("This link cannot be replayed.", &sentence);
        }
    }

    /// Replays a script in the sandbox, unless that takes so long that the page would seem to be dead.
    ///
    /// # Errors
    /// Why it cannot be replayed; nothing has changed then.
    pub fn replay(&self, text: &str, origin: Origin) -> Result<(), String> {
        let began = player::now();
        let mut more = || player::now() - began < MOST_WAIT;
        let script = script::parse(text).map_err(|unreadable| unreadable.to_string())?;
        let played = Session::play_script_while(&script, &mut more);
        let session = played.map_err(|unreadable| unreadable.to_string())?;
        self.player.replace(SANDBOX, session);
        self.dispatch(Action::CameFrom(origin));
        let href = self.href(&Route::Sandbox);
        if let Ok(history) = window().history() {
            // A link's own address says nothing that the page does not keep; a lesson's stays behind.
            let _ = match origin {
                Origin::Lesson | Origin::Visit => {
                    history.push_state_with_url(&JsValue::NULL, "", Some(&href))
                }
                _ => history.replace_state_with_url(&JsValue::NULL, "", Some(&href)),
            };
        }
        self.arrive(Route::Sandbox);
        Ok(())
    }

    /// The cluster that an earlier visit left in the sandbox. What cannot be replayed any more is forgotten.
    fn kept_sandbox(&self) -> Option<Session> {
        let kept = self.page.kept_cluster(SANDBOX)?;
        let session = kept::read(&kept);
        if session.is_none() {
            self.page.keep_cluster(SANDBOX, "");
        }
        session
    }

    /// A fresh cluster in the sandbox.
    pub fn begin_sandbox(&self) {
        if let Ok(session) = self.book.first_session() {
            self.player.replace(SANDBOX, session);
            self.dispatch(Action::Select(None));
            self.dispatch(Action::CameFrom(Origin::Own));
        }
    }

    /// The first page's cluster in the sandbox, with a producer that waits for the leader alone or for all, and where
    /// broker 2 is not copied.
    pub fn try_losing(&self, acks: Acks) {
        let Ok(mut session) = self.book.first_session() else {
            return;
        };
        for (number, line) in (1..).zip(losing::lines(acks)) {
            let Ok(action) = script::parse_line(&line) else {
                return;
            };
            if session.act(&script::Line { number, action }).is_err() {
                return;
            }
        }
        self.player.replace(SANDBOX, session);
        self.dispatch(Action::CameFrom(Origin::Losing(acks)));
        // Once more is no further place to go back to.
        match self.document().route == Route::Sandbox {
            true => self.arrive(Route::Sandbox),
            false => self.go(Route::Sandbox),
        }
        self.player.set_pace(Pace::Steady);
        self.player.set_speed(Speed::ONE);
        self.player.play();
    }

    /// What the browser's tab and history call a route.
    pub(super) fn entitle(&self, route: &Route) {
        let title = match route {
            Route::Home => None,
            Route::Contents => Some("Figures".to_owned()),
            Route::Lesson { slug, step } => {
                let lesson = self.book.get(slug);
                lesson.map(|lesson| format!("{}, step {step}", lesson.title))
            }
            Route::Sandbox => Some("Sandbox".to_owned()),
            Route::Code => Some("Code".to_owned()),
        };
        let title = title.map_or("Kafka Playground".to_owned(), |title| {
            format!("{title} · Kafka Playground")
        });
        if let Some(document) = window().document() {
            document.set_title(&title);
        }
    }

    /// Figures are told at even pace, everything else runs steadily; within a page the reader's choice stands.
    pub(super) fn suit_pace(&self, route: &Route) {
        let figure = |route: &Route| matches!(route, Route::Lesson { .. });
        let was = figure(&self.document().route);
        match (was, figure(route)) {
            (false, true) => {
                self.player.set_pace(Pace::Even);
                self.player.set_speed(Speed::ONE);
            }
            (true, false) => {
                self.player.set_pace(Pace::Steady);
                self.player.set_speed(Speed::notch(FIRST_SPEED));
            }
            _ => {}
        }
    }

    /// Opens the page of a route: its words, and its cluster where it has one.
    pub(super) fn arrive(&self, route: Route) {
        self.entitle(&route);
        self.suit_pace(&route);
        match &route {
            Route::Home => {
                let _ = self.player.open(HOME, || self.book.first_session());
            }
            Route::Lesson { slug, step } => {
                let Some(lesson) = self.book.get(slug) else {
                    self.player.pause();
                    let sentence =
                        format!("There is no lesson called {slug}. These are the lessons.");
                    self.dispatch(Action::Strayed(sentence.into()));
                    return;
                };
                let step = (*step).min(lesson.steps());
                if self
                    .player
                    .open(&lesson.session_name(), || lesson.session())
                    .is_err()
                {
                    self.dispatch(Action::Strayed("This lesson cannot be played.".into()));
                    return;
                }
                let route = Route::Lesson {
                    slug: slug.clone(),
                    step,
                };
                self.dispatch(Action::Go(route));
                self.stand_at_step(&lesson, step);
                return;
            }
            Route::Sandbox => {
                let _ = self.player.open(SANDBOX, || match self.kept_sandbox() {
                    Some(session) => {
                        let trial = losing::tried_in(&session);
                        let origin = trial.map_or(Origin::Visit, Origin::Losing);
                        self.dispatch(Action::CameFrom(origin));
                        Ok(session)
                    }
                    None => self.book.first_session(),
                });
            }
            Route::Contents | Route::Code => self.player.pause(),
        }
        self.dispatch(Action::Go(route.clone()));
        if matches!(route, Route::Home) && !self.player.reduced() {
            self.player.play();
        }
    }
}
