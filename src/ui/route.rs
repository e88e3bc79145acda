//! Where the reader is: addresses to routes and back.
//!
//! Every address is relative to the app's root, which `www/main.js` passes; the root may be any folder of
//! any host. Canonical addresses end in `/`, because each is a folder with an `index.html` in it.

use std::rc::Rc;

/// A place in the app that has an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// The first ten seconds.
    Home,
    /// The list of lessons.
    Contents,
    /// One step of one lesson; steps count from 1.
    Lesson {
        slug: Rc<str>,
        step: usize,
    },
    Sandbox,
    Code,
}

/// Which of the three views a route belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Figures,
    Sandbox,
    Code,
}

impl View {
    pub const ALL: [View; 3] = [View::Figures, View::Sandbox, View::Code];

    pub fn name(self) -> &'static str {
        match self {
            View::Figures => "Figures",
            View::Sandbox => "Sandbox",
            View::Code => "Code",
        }
    }

    /// Where the tab of this view leads.
    pub fn route(self) -> Route {
        match self {
            View::Figures => Route::Contents,
            View::Sandbox => Route::Sandbox,
            View::Code => Route::Code,
        }
    }
}

impl Route {
    /// Reads the part of an address after the root. `None`: nothing is there.
    pub fn parse(path: &str) -> Option<Route> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        if parts.last() == Some(&"index.html") {
            parts.pop();
        }
        match parts.as_slice() {
            [] => Some(Route::Home),
            ["figures"] => Some(Route::Contents),
            ["figures", slug] => Some(Route::Lesson {
                slug: (*slug).into(),
                step: 1,
            }),
            ["figures", slug, step] => {
                let step = step.parse().ok().filter(|step| *step > 0)?;
                Some(Route::Lesson {
                    slug: (*slug).into(),
                    step,
                })
            }
            ["sandbox"] => Some(Route::Sandbox),
            ["code"] => Some(Route::Code),
            _ => None,
        }
    }

    /// The part of the address after the root.
    pub fn path(&self) -> String {
        match self {
            Route::Home => String::new(),
            Route::Contents => "figures/".to_owned(),
            Route::Lesson { slug, step } => format!("figures/{slug}/{step}/"),
            Route::Sandbox => "sandbox/".to_owned(),
            Route::Code => "code/".to_owned(),
        }
    }

    pub fn view(&self) -> View {
        match self {
            Route::Home | Route::Contents | Route::Lesson { .. } => View::Figures,
            Route::Sandbox => View::Sandbox,
            Route::Code => View::Code,
        }
    }
}

/// Splits an address into the route and the fragment, given the app's root. `Err` holds the part of the
/// address that leads nowhere.
pub fn read_address(root: &str, address: &str) -> (Result<Route, String>, Option<String>) {
    let (place, fragment) = match address.split_once('#') {
        Some((place, fragment)) => (place, Some(fragment.to_owned())),
        None => (address, None),
    };
    let rest = place.strip_prefix(root).unwrap_or_default();
    (Route::parse(rest).ok_or_else(|| rest.to_owned()), fragment)
}
