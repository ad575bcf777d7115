//! What a library is asked for: the tags of many messages, by its best call.

use std::fmt;

/// The tag of a message; SMB1 signs with its first 8 bytes, HMAC-SHA256 is cut to it.
pub type Tag = [u8; 16];

/// A message for a peer: the bytes that the MAC covers, as it covers them.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// Which of the keys that the contender was made with.
    pub key: usize,
    /// AES-GMAC's nonce.
    pub nonce: &'a [u8; 12],
    /// From the protocol id to the end, the signature field zero or holding the sequence number.
    pub message: &'a [u8],
}

/// What a contender computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// The signature of SMB itself.
    Signature,
    /// HMAC-MD5 in the place of MD5(key‖message): another function, the nearest that the library has.
    HmacMd5,
}

/// One way to have a library compute tags, its keys prepared as far as the library allows.
pub trait Contender {
    /// The call, with what else tells it from the library's others: `avx512 jobs`.
    fn call(&self) -> &str;

    /// What it computes.
    fn function(&self) -> Function {
        Function::Signature
    }

    /// How many messages it should have at once to be at its best.
    fn in_flight(&self) -> usize {
        1
    }

    /// Puts the tag of each job where its index says, `passes` times over.
    ///
    /// # Errors
    /// The library refused a message.
    fn run(&mut self, jobs: &[Job<'_>], passes: usize, tags: &mut [Tag]) -> Result<(), Refused>;
}

/// A library that was found here.
pub trait Peer {
    /// Its version, as it says itself.
    fn version(&self) -> String;

    /// The longest message that it takes for an algorithm, in bytes.
    fn longest(&self, _: smbsign_engine::protocol::SigningAlgorithm) -> usize {
        usize::MAX
    }

    /// Its ways to compute an algorithm under these keys; none where it does not have the algorithm.
    fn contenders(
        &self,
        algorithm: smbsign_engine::protocol::SigningAlgorithm,
        keys: &[[u8; 16]],
    ) -> Vec<Box<dyn Contender>>;
}

/// A library refused what others take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{call} refuses a message")]
pub struct Refused {
    /// The call that refused.
    pub call: &'static str,
}

/// A library that cannot be compared with, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The system has no such library.
    #[error("not installed: no {0} (benches/install-peers.sh installs it)")]
    NotInstalled(&'static str),
    /// It is there, but is not the one that is known.
    #[error("{library} is no version that is known: {reason}")]
    Unknown {
        /// The library's file.
        library: &'static str,
        /// What is missing or different.
        reason: String,
    },
}

/// A contender that takes one message after another.
pub(crate) struct OneByOne<F> {
    call: &'static str,
    tag: F,
}

impl<F> OneByOne<F>
where
    F: FnMut(&Job<'_>) -> Option<Tag> + 'static,
{
    /// `tag` gives nothing where the library refuses.
    pub(crate) fn boxed(call: &'static str, tag: F) -> Box<dyn Contender> {
        Box::new(Self { call, tag })
    }
}

impl<F: FnMut(&Job<'_>) -> Option<Tag>> Contender for OneByOne<F> {
    fn call(&self) -> &str {
        self.call
    }

    fn run(&mut self, jobs: &[Job<'_>], passes: usize, tags: &mut [Tag]) -> Result<(), Refused> {
        for _ in 0..passes {
            for (job, tag) in jobs.iter().zip(&mut *tags) {
                *tag = (self.tag)(job).ok_or(Refused { call: self.call })?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for dyn Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.call())
    }
}
