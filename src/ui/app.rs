//! The app: what handlers reach, and the component that everything stands in.
//!
//! [`App`] is a handle that is cheap to clone: the player, the document's dispatcher, the page and the book of
//! lessons. What concerns both the document and the simulation, such as opening a page or going to a step, is
//! a method here, so that a button, a key and the palette do the same.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

use crate::script;
use crate::session::book::{self, Book};
use crate::session::{Pace, Session, Speed};
use crate::stage::{Lens, density};
use crate::time::Instant;
use crate::ui::article::{CodePage, Contents, FirstRun, LessonPage, SandboxPage};
use crate::ui::chrome::overlay::Overlays;
use crate::ui::chrome::topbar::TopBar;
use crate::ui::chrome::transport::Transport;
use crate::ui::deeds::{self, Deed, Stroke};
use crate::ui::page::Page;
use crate::ui::player::{FIRST_SPEED, Player};
use crate::ui::route::{Route, read_address};
use crate::ui::share;
use crate::ui::state::{Action, Answer, Complaint, Document, Overlay, Toast};

/// The name under which the first page's cluster is kept, and the sandbox's.
pub const HOME: &str = "first";
pub const SANDBOX: &str = "sandbox";

/// What every component and handler shares.
#[derive(Clone)]
pub struct App {
    pub player: Player,
    pub page: Page,
    pub book: Rc<Book>,
    dispatcher: UseReducerDispatcher<Document>,
    latest: Rc<RefCell<Rc<Document>>>,
    /// Where the playhead was before starting over.
    before: Rc<RefCell<Option<Instant>>>,
}

impl PartialEq for App {
    fn eq(&self, other: &App) -> bool {
        self.player == other.player
    }
}

#[derive(Properties, PartialEq)]
pub struct RootProps {
    pub page: Page,
}

/// The root component.
#[component]
pub fn Root(props: &RootProps) -> Html {
    let page = props.page.clone();
    let document = use_reducer(|| Document::new(Route::Home));
    let app = {
        let dispatcher = document.dispatcher();
        use_memo(page, move |page| App::start(page.clone(), dispatcher))
    };
    app.latest.replace(Rc::new(Document::clone(&document)));
    {
        let app = app.clone();
        use_effect_with((), move |()| {
            let listeners = app.listen();
            app.come_alive();
            move || drop(listeners)
        });
    }
    let bare = matches!(document.route, Route::Contents | Route::Code);
    let view = match &document.route {
        Route::Home => html! { <FirstRun /> },
        Route::Contents => html! { <Contents /> },
        Route::Lesson { slug, step } => html! { <LessonPage slug={slug.clone()} step={*step} /> },
        Route::Sandbox => html! { <SandboxPage /> },
        Route::Code => html! { <CodePage /> },
    };
    html! {
        <ContextProvider<App> context={(*app).clone()}>
            <ContextProvider<Rc<Document>> context={Rc::new(Document::clone(&document))}>
                <div class={classes!("app", bare.then_some("bare"))}>
                    <TopBar />
                    { view }
                    if !bare { <Transport /> }
                </div>
                <Overlays />
            </ContextProvider<Rc<Document>>>
        </ContextProvider<App>>
    }
}

impl App {
    /// The app at the address that the browser shows, with its cluster made.
    fn start(page: Page, dispatcher: UseReducerDispatcher<Document>) -> App {
        let reduced = media("(prefers-reduced-motion: reduce)");
        let app = App {
            player: Player::new(page.clone(), reduced, media("(max-width: 767px)")),
            page,
            book: Rc::new(Book::read()),
            dispatcher,
            latest: Rc::new(RefCell::new(Rc::new(Document::new(Route::Home)))),
            before: Rc::default(),
        };
        app.open_first();
        app
    }

    fn open_first(&self) {
        let made = self.player.open(HOME, || self.book.first_session());
        made.expect("the first page's script is part of the program and is tested");
        self.open_address(&address());
        if let Some(script) = self.page.script().filter(|script| !script.is_empty()) {
            self.open_script(&script);
        }
    }

    // ---- the document

    pub fn dispatch(&self, action: Action) {
        self.dispatcher.dispatch(action);
    }

    /// The document as it was last rendered.
    pub fn document(&self) -> Rc<Document> {
        self.latest.borrow().clone()
    }

    pub fn toast(&self, text: &str) {
        self.dispatch(Action::Toast(Some(Toast {
            text: text.into(),
            undo: false,
        })));
        self.forget_toast_later();
    }

    fn forget_toast_later(&self) {
        let app = self.clone();
        let forget = Closure::once_into_js(move || app.dispatch(Action::Toast(None)));
        window()
            .set_timeout_with_callback_and_timeout_and_arguments_0(forget.unchecked_ref(), 6_000)
            .ok();
    }

    fn complain(&self, title: &str, detail: &str) {
        let complaint = Complaint {
            title: title.into(),
            detail: detail.into(),
        };
        self.dispatch(Action::Complain(Some(complaint)));
    }

    /// True when a media query holds now.
    pub fn media(&self, query: &str) -> bool {
        media(query)
    }

    // ---- going somewhere

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
    fn open_address(&self, address: &str) {
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
        match fragment.as_deref().and_then(share::unpack) {
            Some(Ok(script)) => self.open_script(&script),
            Some(Err(damaged)) => self.complain(
                damaged.sentence(),
                "The cluster you see is the one that was running.",
            ),
            None => {}
        }
    }

    /// Replays somebody's script in the sandbox. What cannot be read changes nothing.
    fn open_script(&self, text: &str) {
        let played = script::parse(text).and_then(|script| Session::play_script(&script));
        match played {
            Ok(session) => {
                self.player.replace(SANDBOX, session);
                self.dispatch(Action::Shared);
                let href = self.href(&Route::Sandbox);
                if let Ok(history) = window().history() {
                    let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&href));
                }
                self.arrive(Route::Sandbox);
            }
            Err(unreadable) => {
                self.complain("This link cannot be replayed.", &unreadable.to_string())
            }
        }
    }

    /// What the browser's tab and history call a route.
    fn entitle(&self, route: &Route) {
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
    fn suit_pace(&self, route: &Route) {
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
    fn arrive(&self, route: Route) {
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
                let _ = self.player.open(SANDBOX, || self.book.first_session());
            }
            Route::Contents | Route::Code => self.player.pause(),
        }
        self.dispatch(Action::Go(route.clone()));
        if matches!(route, Route::Home) && !self.player.reduced() {
            self.player.play();
        }
    }

    // ---- lessons

    /// Puts the playhead where a step begins, and plays it unless it begins with a question.
    fn stand_at_step(&self, lesson: &book::Lesson, step: usize) {
        // The reader changed this cluster; the lesson needs its own again.
        if self.player.with(Session::is_touched)
            && let Ok(session) = lesson.session()
        {
            self.player.replace(&lesson.session_name(), session);
        }
        let chapter = self
            .player
            .with(|session| session.chapters().get(step - 1).cloned());
        let Some(chapter) = chapter else { return };
        self.player.seek_place(chapter.from);
        self.player.stop_at(Some(chapter.to));
        let asked = lesson.asks(step) && self.document().answer(&lesson.slug, step).is_none();
        if !asked && !self.player.reduced() {
            self.player.play_to(chapter.to);
        }
    }

    /// Takes back what the reader tried: the lesson's own run, at the end of this step.
    pub fn restore_lesson(&self) {
        let Route::Lesson { slug, step } = self.document().route.clone() else {
            return;
        };
        let Some(lesson) = self.book.get(&slug) else {
            return;
        };
        let Ok(session) = lesson.session() else {
            return;
        };
        let chapter = session.chapters().get(step - 1).cloned();
        self.player.replace(&lesson.session_name(), session);
        self.dispatch(Action::Select(None));
        if let Some(chapter) = chapter {
            self.player.stop_at(Some(chapter.to));
            self.player.seek_place(chapter.to);
        }
    }

    /// Answers a step's question and plays the step.
    pub fn answer(&self, slug: &Rc<str>, step: usize, answer: Answer) {
        self.dispatch(Action::Answer((slug.clone(), step), answer));
        let chapter = self
            .player
            .with(|session| session.chapters().get(step - 1).cloned());
        if let Some(chapter) = chapter {
            self.player.play_to(chapter.to);
        }
    }

    fn next_step(&self) {
        let Route::Lesson { slug, step } = self.document().route.clone() else {
            return;
        };
        let Some(lesson) = self.book.get(&slug) else {
            return;
        };
        let chapter = self
            .player
            .with(|session| session.chapters().get(step - 1).cloned());
        let unfinished =
            chapter.filter(|chapter| !self.player.with(|session| session.reached(chapter.to)));
        if let Some(chapter) = unfinished {
            if lesson.asks(step) && self.document().answer(&slug, step).is_none() {
                self.answer(&slug, step, Answer::Skipped);
            } else if self.player.controls_playing() || self.player.reduced() {
                self.player.seek_place(chapter.to);
            } else {
                self.player.play_to(chapter.to);
            }
            return;
        }
        match step < lesson.steps() {
            true => self.go(Route::Lesson {
                slug,
                step: step + 1,
            }),
            false => match self.book.after(&slug) {
                Some(next) => self.go(Route::Lesson {
                    slug: next.slug.clone(),
                    step: 1,
                }),
                None => self.go(Route::Contents),
            },
        }
    }

    fn previous_step(&self) {
        if let Route::Lesson { slug, step } = self.document().route.clone() {
            self.go(Route::Lesson {
                slug,
                step: step.saturating_sub(1).max(1),
            });
        }
    }

    // ---- deeds

    /// Does what a key, a button or a line of the palette asks for.
    pub fn act(&self, deed: Deed) {
        let player = &self.player;
        match deed {
            Deed::Play => player.toggle(),
            Deed::Forward => player.forward(),
            Deed::Back => player.back(),
            Deed::NextMark => player.seek_mark(true),
            Deed::PreviousMark => player.seek_mark(false),
            Deed::NextStep => self.next_step(),
            Deed::PreviousStep => self.previous_step(),
            Deed::Faster => player.set_speed(player.speed().faster()),
            Deed::Slower => player.set_speed(player.speed().slower()),
            Deed::SpeedOne => player.set_speed(Speed::ONE),
            Deed::EvenPace => player.set_pace(player.pace().other()),
            Deed::Start => player.seek_end(false),
            Deed::End => player.seek_end(true),
            Deed::StartOver => self.start_over(),
            Deed::Undo => {
                if !player.undo() {
                    self.toast("There is nothing to undo.");
                }
            }
            Deed::Go(view) => self.go(view.route()),
            Deed::Lens => {
                let lens = match (self.lens(), self.own_lens()) {
                    (Lens::ByBroker, _) => Lens::ByTopic,
                    (Lens::ByTopic, Lens::Record) => Lens::Record,
                    _ => Lens::ByBroker,
                };
                self.dispatch(Action::SetLens(lens));
            }
            Deed::Density => self.next_density(),
            Deed::Inspect => self.dispatch(Action::ShowInspector(!self.document().inspector)),
            Deed::Find => self.dispatch(Action::Open(Overlay::Palette)),
            Deed::CopyLink => self.copy_link(),
            Deed::Theme => self.page.switch_theme(),
            Deed::Present => self.present(),
            Deed::Shortcuts => self.dispatch(Action::Open(Overlay::Shortcuts)),
            Deed::Announcements => {
                self.dispatch(Action::Announce(self.document().announcements.next()))
            }
        }
    }

    /// The lens through which the stage is seen now.
    pub fn lens(&self) -> Lens {
        self.document().lens.unwrap_or(self.own_lens())
    }

    /// The lens of the page, before the reader chose another.
    fn own_lens(&self) -> Lens {
        let lesson = match &self.document().route {
            Route::Lesson { slug, .. } => self.book.get(slug),
            _ => None,
        };
        lesson.map_or(Lens::ByBroker, |lesson| lesson.lens())
    }

    /// Starts the run again with logs that keep less.
    pub fn shorten_logs(&self) {
        let shorter = self.player.with(Session::with_shorter_logs);
        match shorter {
            Ok(session) => self.player.replace(&self.player.name(), session),
            Err(unreadable) => {
                self.complain("This run cannot be started again.", &unreadable.to_string())
            }
        }
    }

    /// The next choice of density. Where no bar shows it, a line says it.
    fn next_density(&self) {
        let now = self.document().density;
        let at = density::CHOICES.iter().position(|choice| *choice == now);
        let next = density::CHOICES[at.map_or(0, |at| at + 1) % density::CHOICES.len()];
        self.dispatch(Action::SetDensity(next));
        if self.document().route != Route::Sandbox {
            self.toast(&format!("Density: {}", density::name(next)));
        }
    }

    fn start_over(&self) {
        self.before.replace(Some(self.player.with(Session::now)));
        self.player.seek_end(false);
        self.dispatch(Action::Toast(Some(Toast {
            text: "Started over.".into(),
            undo: true,
        })));
        self.forget_toast_later();
    }

    /// Goes back to where the playhead was before starting over.
    pub fn undo_start_over(&self) {
        if let Some(at) = self.before.take() {
            self.player.seek(at);
        }
    }

    fn present(&self) {
        let on = !self.document().present;
        if let Some(root) = window()
            .document()
            .and_then(|document| document.document_element())
        {
            let _ = root.toggle_attribute_with_force("data-present", on);
        }
        self.dispatch(Action::Present(on));
        self.player.repaint();
    }

    /// Copies a link that replays exactly this: the page's own address, or one that carries the script.
    fn copy_link(&self) {
        let untouched = self.player.with(|session| !session.chapters().is_empty());
        let route = self.document().route.clone();
        let link = match (&route, untouched) {
            (Route::Contents | Route::Code, _) | (Route::Lesson { .. }, true) => self.href(&route),
            _ => {
                let script = self.player.with(|session| session.history().to_script());
                format!("{}#{}", self.href(&Route::Sandbox), share::pack(&script))
            }
        };
        if link.len() > share::MOST_LINK {
            self.complain(
                "This run is too long for a link.",
                "Start over, and copy the link after fewer changes.",
            );
            return;
        }
        let clipboard = window().navigator().clipboard();
        let app = self.clone();
        let done = Closure::once(move |_: JsValue| {
            app.toast("Link copied. It replays exactly this, from the start.");
        });
        let (app, shown) = (self.clone(), link.clone());
        let failed = Closure::once(move |_: JsValue| {
            app.complain(
                "The browser does not let this page copy. Here is the link:",
                &shown,
            )
        });
        let _ = clipboard.write_text(&link).then2(&done, &failed);
        done.forget();
        failed.forget();
    }

    // ---- the browser

    /// Everything that is heard on the window, for as long as the result lives.
    fn listen(&self) -> Vec<Listener> {
        let window = window();
        let document = window.document().expect("a window has a document");
        let app = self.clone();
        let popped = Listener::new(&window, "popstate", move |_| app.open_address(&address()));
        let app = self.clone();
        let hash = Listener::new(&window, "hashchange", move |_| app.open_address(&address()));
        let app = self.clone();
        let keys = Listener::new(&document, "keydown", move |event| {
            app.hear_key(event.unchecked_ref());
        });
        let app = self.clone();
        let hidden = Listener::new(&document, "visibilitychange", move |_| {
            if web_sys::window()
                .and_then(|window| window.document())
                .is_some_and(|document| document.hidden())
            {
                app.player.pause_away();
            }
        });
        let mut all = vec![popped, hash, keys, hidden];
        if let Ok(Some(query)) = window.match_media("(prefers-reduced-motion: reduce)") {
            let (app, asked) = (self.clone(), query.clone());
            all.push(Listener::new(&query, "change", move |_| {
                app.player.set_reduced(asked.matches())
            }));
        }
        all.extend(self.watch_theme());
        all
    }

    /// The theme is an attribute of the page, whoever sets it.
    fn watch_theme(&self) -> Option<Listener> {
        let root = window().document()?.document_element()?;
        let player = self.player.clone();
        Some(Listener::watching(&root, "data-theme", move || {
            player.painter(|painter| painter.recolour());
            player.repaint();
        }))
    }

    fn hear_key(&self, event: &web_sys::KeyboardEvent) {
        let document = self.document();
        if event.default_prevented() || document.overlay.is_some() {
            return;
        }
        let key = event.key();
        let command = event.ctrl_key() || event.meta_key();
        if event.alt_key() {
            return;
        }
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let on = |selector: &str| {
            target
                .as_ref()
                .is_some_and(|target| target.closest(selector).ok().flatten().is_some())
        };
        let typing = on("input:not([type=range]), textarea, select, [contenteditable]");
        if !command && (typing || !document.single_keys) {
            return;
        }
        // Space and Enter press what has the focus; a slider keeps its own keys.
        if key == " " && on("button, a, summary, [role=option]") {
            return;
        }
        if matches!(key.as_str(), "Home" | "End") && on("input") {
            return;
        }
        let stroke = Stroke {
            key: &key,
            shift: event.shift_key(),
            command,
        };
        if let Some(deed) = deeds::of_stroke(stroke) {
            event.prevent_default();
            self.act(deed);
        }
    }

    /// Tells the page that the app has drawn itself, and does what was pressed until then.
    fn come_alive(&self) {
        for name in self.page.alive() {
            match name.as_str() {
                "find" => self.act(Deed::Find),
                "copy-link" => self.act(Deed::CopyLink),
                "present" => self.act(Deed::Present),
                "help" => self.act(Deed::Shortcuts),
                "back" => self.act(Deed::Back),
                "play" => self.act(Deed::Play),
                "forward" => self.act(Deed::Forward),
                "start-over" => self.act(Deed::StartOver),
                "pace" => self.act(Deed::EvenPace),
                "cut-2" => self.press_first(),
                _ => {}
            }
        }
    }
}

fn window() -> web_sys::Window {
    web_sys::window().expect("the app runs in a window")
}

fn address() -> String {
    window().location().href().unwrap_or_default()
}

fn media(query: &str) -> bool {
    window()
        .match_media(query)
        .ok()
        .flatten()
        .is_some_and(|query| query.matches())
}

/// Hears one kind of event for as long as it lives.
pub struct Listener {
    stop: Box<dyn Fn()>,
}

#[wasm_bindgen]
extern "C" {
    /// Watches attributes, of which web-sys would cost features.
    type MutationObserver;

    #[wasm_bindgen(constructor)]
    fn new(callback: &JsValue) -> MutationObserver;

    #[wasm_bindgen(method)]
    fn observe(this: &MutationObserver, target: &JsValue, options: &JsValue);

    #[wasm_bindgen(method)]
    fn disconnect(this: &MutationObserver);
}

impl Listener {
    fn new(
        target: &web_sys::EventTarget,
        name: &'static str,
        hear: impl FnMut(web_sys::Event) + 'static,
    ) -> Listener {
        let closure = Closure::<dyn FnMut(web_sys::Event)>::new(hear);
        let _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        let target = target.clone();
        let stop = move || {
            let _ =
                target.remove_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        };
        Listener {
            stop: Box::new(stop),
        }
    }

    fn watching(
        target: &web_sys::Element,
        attribute: &str,
        hear: impl FnMut() + 'static,
    ) -> Listener {
        let closure = Closure::<dyn FnMut()>::new(hear);
        let observer = MutationObserver::new(closure.as_ref());
        let options = js_sys::Object::new();
        let filter = js_sys::Array::of1(&attribute.into());
        let _ = js_sys::Reflect::set(&options, &"attributeFilter".into(), &filter);
        observer.observe(target.as_ref(), &options);
        let stop = move || {
            let _closure = &closure;
            observer.disconnect();
        };
        Listener {
            stop: Box::new(stop),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        (self.stop)();
    }
}
