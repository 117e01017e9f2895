//! Ctrl-C.
//!
//! A process listens from its first run on, because a handler once installed never goes away: nothing
//! else would end the process between two runs.

use std::sync::{Mutex, Once, PoisonError};

use tokio::sync::mpsc;

use crate::exit_code::ExitCode;

/// Those who stop in good order when they are told.
static LISTENERS: Mutex<Vec<mpsc::Sender<()>>> = Mutex::new(Vec::new());

/// One who stops in good order at the first Ctrl-C. A second one, or one that meets nobody who waits for
/// it, ends the process at once.
#[derive(Debug)]
pub(crate) struct Interrupts {
    first: mpsc::Receiver<()>,
}

impl Interrupts {
    /// Listens from now on.
    pub(crate) fn listen() -> Self {
        static HANDLER: Once = Once::new();
        HANDLER.call_once(|| drop(std::thread::Builder::new().spawn(handle)));
        let (sender, first) = mpsc::channel(1);
        let mut listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| !listener.is_closed());
        listeners.push(sender);
        Self { first }
    }

    /// Waits for the first one, and after that for ever.
    pub(crate) async fn first(&mut self) {
        if self.first.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        self.first.close();
    }

    /// Listens no more, and tells whether one came that nobody has waited for.
    pub(crate) fn end(mut self) -> bool {
        self.first.close();
        self.first.try_recv().is_ok()
    }
}

/// Runs on a thread of its own, so that it outlives the runtime of any run. Where there can be no such
/// thread, Ctrl-C ends the process as ever.
fn handle() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        while tokio::signal::ctrl_c().await.is_ok() {
            let listeners = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner);
            if !tell(&listeners) {
                std::process::exit(ExitCode::Interrupted as i32);
            }
        }
    });
}

/// Whether anyone takes notice: someone who listens and has not been told before.
fn tell(listeners: &[mpsc::Sender<()>]) -> bool {
    let n_told = listeners.iter().filter(|listener| listener.try_send(()).is_ok()).count();
    n_told > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of one Ctrl-C after the other: `t` someone is told, `x` the process would end. Before
    /// each of them, someone `l`istens, `w`aits for it afterwards, or `e`nds.
    fn check(steps: &str, expected: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (mut senders, mut interrupts) = (Vec::new(), Vec::new());
        let mut seen = String::new();
        for step in steps.chars() {
            match step {
                'l' => {
                    let (sender, first) = mpsc::channel(1);
                    senders.push(sender);
                    interrupts.push(Interrupts { first });
                }
                'w' => {
                    let last: &mut Interrupts = interrupts.last_mut().expect("a listener");
                    runtime.block_on(last.first());
                }
                'e' => {
                    let was_told = interrupts.pop().expect("a listener").end();
                    seen.push(if was_told { '!' } else { '.' });
                }
                _ => seen.push(if tell(&senders) { 't' } else { 'x' }),
            }
        }
        assert_eq!(seen, expected, "{steps}");
    }

    #[test]
    fn the_first_one_stops_a_run_and_one_that_meets_no_run_ends_the_process() {
        check("^", "x");
        check("l^w^", "tx");
        check("l^^", "tx");
        check("le^", ".x");
        check("l^we^", "t.x");
        // What came too late for the run is not lost.
        check("l^e^", "t!x");
        check("lel^w^", ".tx");
        check("ll^w^", "tx");
    }
}
