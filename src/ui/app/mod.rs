//! The app: what handlers reach, and the component that everything stands in.
//!
//! [`App`] is a handle that is cheap to clone: the player, the document's dispatcher, the page and the book of
//! lessons. What concerns both the document and the simulation, such as opening a page or going to a step, is
//! a method here, so that a button, a key and the palette do the same.
//!
//! `going` opens pages · `lessons` goes from step to step · `trouble` kills and restarts · `browser` hears keys, addresses and themes.

mod browser;
mod going;
mod lessons;
mod trouble;

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use yew::prelude::*;

use crate::fact::clipped;
use crate::script::{link, print_command};
use crate::session::book::Book;
use crate::session::{Session, Speed};
use crate::stage::{Lens, density};
use crate::time::Instant;
use crate::ui::article::{CodePage, Contents, FirstRun, LessonPage, SandboxPage};
use crate::ui::chrome::overlay::Overlays;
use crate::ui::chrome::topbar::TopBar;
use crate::ui::chrome::transport::Transport;
use crate::ui::deeds::Deed;
use crate::ui::page::Page;
use crate::ui::player::Player;
use crate::ui::route::Route;
use crate::ui::share;
use crate::ui::state::{Action, Complaint, Document, Origin, Overlay, Toast};
use crate::world::{Command, Place};

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
            self.open_script(&script, Origin::Visit);
            let stands = Instant::from_micros((self.page.stands() * 1e6) as u64);
            let now = self.player.with(|session| session.now());
            match stands {
                Instant::ZERO => {}
                _ if stands <= now => self.player.seek(stands),
                _ => self.player.rush(Place::after(stands)),
            }
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
                self.tell_edit("Undone", "There is nothing to undo.", player.undo());
            }
            Deed::Redo => {
                self.tell_edit("Done again", "There is nothing to do again.", player.redo());
            }
            Deed::Trouble(trouble) => self.make_trouble(trouble),
            Deed::HealAll => self.heal_all(),
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
            Deed::Deselect if self.document().inspector => {
                self.dispatch(Action::ShowInspector(false));
            }
            Deed::Deselect => self.dispatch(Action::Select(None)),
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

    fn tell_edit(&self, what: &str, nothing: &str, done: Option<Command>) {
        let line = done.map(|command| clipped(&print_command(&command)));
        match line {
            Some(line) => self.toast(&format!("{what}: {line}")),
            None => self.toast(nothing),
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

    /// Copies a link that shows exactly this: the address of a lesson's step and a place in it, or one that
    /// carries the script.
    fn copy_link(&self) {
        let touched = self.player.with(Session::is_touched);
        let route = self.document().route.clone();
        let (link, told) = match (&route, touched) {
            (Route::Contents | Route::Code, _) => {
                (self.href(&route), "Link copied. It leads to this page.")
            }
            (Route::Lesson { .. }, false) => {
                let place = share::place(self.player.with(Session::place));
                let link = format!("{}#{place}", self.href(&route));
                (
                    link,
                    "Link copied. It opens this step at exactly this moment.",
                )
            }
            _ => {
                let script = self.player.with(|session| session.history().to_script());
                let link = format!("{}#{}", self.href(&Route::Sandbox), link::pack(&script));
                (
                    link,
                    "Link copied. It replays exactly this, from the start.",
                )
            }
        };
        if link.len() > link::MOST_LINK {
            self.complain(
                "This run is too long for a link.",
                "Start over, and copy the link after fewer changes.",
            );
            return;
        }
        let clipboard = window().navigator().clipboard();
        let app = self.clone();
        let done = Closure::once(move |_: JsValue| app.toast(told));
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
