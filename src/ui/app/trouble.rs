//! Making trouble on the stage: what a key or a button does to what is selected.

use super::App;
use crate::model::ProcessId;
use crate::session::Session;
use crate::session::trouble::{self, Offer, Trouble};
use crate::stage::Thing;

impl App {
    /// What is selected, or where the keyboard stands.
    fn meant(&self) -> Option<Thing> {
        let document = self.document();
        document.focus.clone().or(document.selection.clone())
    }

    /// What can be done to a thing now.
    pub fn offers(&self, thing: &Thing) -> Vec<Offer> {
        self.player
            .with(|session| trouble::offers(session.world(), thing))
    }

    /// Does what a key asks for to what is selected; a key that undoes its own deed asks for either.
    pub(super) fn make_trouble(&self, wanted: Trouble) {
        let joins = wanted == Trouble::Join;
        let group = || {
            let first = |session: &Session| trouble::first_group(session.world());
            self.player.with(first).filter(|_| joins)
        };
        let Some(thing) = self.meant().or_else(group) else {
            if joins {
                self.toast("There is no group yet: the sandbox makes one, and so does a line such as consumer c1 group.id=readers subscribe=orders.");
                return;
            }
            self.toast(
                "Select something on the stage first: a broker, a client, a server or a link.",
            );
            return;
        };
        let either = match wanted {
            Trouble::Freeze => [Trouble::Freeze, Trouble::Thaw],
            Trouble::Cut => [Trouble::Cut, Trouble::Heal],
            // Whoever stands still is brought back by going on.
            Trouble::Restart => [Trouble::Restart, Trouble::Thaw],
            other => [other, other],
        };
        if thing == Thing::Coordination {
            let servers = self.player.with(|session| {
                let names: Vec<String> = session
                    .world()
                    .zookeepers()
                    .map(|server| server.id().to_string())
                    .collect();
                or_list(&names)
            });
            self.toast(&format!("Select {servers}: this is done to one server."));
            return;
        }
        let offers = self.offers(&thing);
        let found = offers.iter().find(|offer| either.contains(&offer.trouble));
        match found {
            Some(offer) => self.take(offer),
            None if offers.is_empty() => {
                self.toast("This is done to brokers, clients, servers and links.")
            }
            None => {
                let words: Vec<&str> = offers.iter().map(|offer| &*offer.words).collect();
                self.toast(&format!("What can be done now: {}.", words.join(", ")));
            }
        }
    }

    /// What the button on a broker's card does: ends its process, or starts it again.
    pub fn switch(&self, id: ProcessId) {
        let offers = self.offers(&Thing::Process(id));
        let switches = [Trouble::Kill, Trouble::Restart];
        if let Some(offer) = offers
            .iter()
            .find(|offer| switches.contains(&offer.trouble))
        {
            self.take(offer);
        }
    }

    /// Carries out what was offered.
    pub fn take(&self, offer: &Offer) {
        if let Err(refused) = self.player.perform(offer.command.clone()) {
            self.toast(&refused.0);
        }
    }

    pub(super) fn heal_all(&self) {
        let commands = self
            .player
            .with(|session| trouble::heal_all(session.world()));
        if commands.is_empty() {
            self.toast("No link is cut.");
        }
        for command in commands {
            let _ = self.player.perform(command);
        }
    }
}

/// `zk1, zk2 or zk3`.
fn or_list(names: &[String]) -> String {
    match names.split_last() {
        None => "a server".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}
