//! A server's loop: what its client has sent is verified a burst at a time, and what it answers is signed likewise.
//!
//! `cargo run --release -p smbsign-engine --example server`

use std::error::Error;
use std::sync::Arc;

use smbsign_engine::batch::{Operation, Outcome};
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::offload::{Burst, Config, Job, KeyId, OffloadEngine, Parcel, QueuePair};
use smbsign_engine::protocol::{Sender, SigningAlgorithm, SigningKey, smb2};
use smbsign_engine::signing::{self, Verdict};

/// A request as it came, or a response: a header of its own, and a page of the cache that nobody copies.
struct Frame {
    head: Vec<u8>,
    page: Option<Arc<[u8]>>,
}

impl Parcel for Frame {
    fn pieces(&mut self) -> (&mut [u8], impl Iterator<Item = &[u8]>) {
        (&mut self.head, self.page.iter().map(|page| &page[..]))
    }
}

impl Frame {
    fn new(message_id: u64, flags: u8, page: Option<Arc<[u8]>>) -> Self {
        let mut head = vec![0; 80];
        head[..6].copy_from_slice(b"\xfeSMB\x40\0");
        head[16] = flags;
        head[smb2::MESSAGE_ID_FIELD].copy_from_slice(&message_id.to_le_bytes());
        Self { head, page }
    }
}

/// One thread of a server. It has one queue pair for all its connections, and uses one burst over and over.
struct Connections {
    pair: QueuePair<Frame>,
    burst: Burst<Frame>,
}

impl Connections {
    /// Has frames signed or verified, and keeps those that were. A thread with more to do would `poll` meanwhile.
    fn run(&mut self, key: KeyId, operation: Operation, frames: impl Iterator<Item = Frame>) -> Vec<Frame> {
        for parcel in frames {
            let pushed = self.burst.push(Job { key, operation, sequence: None, parcel });
            assert!(pushed.is_ok(), "a client has 64 credits");
        }
        self.pair.submit(std::mem::take(&mut self.burst)).expect("one burst at a time");
        self.burst = self.pair.wait().expect("what was submitted comes back");
        let good = |outcome| matches!(outcome, Ok(Outcome::Signed | Outcome::Verified));
        self.burst.drain().filter(|done| good(done.outcome)).map(|done| done.job.parcel).collect()
    }
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let engine = OffloadEngine::start(Config::default())?;
    let client = SigningKey::new(SigningAlgorithm::AesGmac, &[7; 16])?;
    let client = PreparedKey::new(&client, engine.backend());
    let key = engine.register(client.clone())?;
    let page: Arc<[u8]> = vec![42; 64 << 10].into();
    let mut connections = Connections { pair: engine.queue_pair(), burst: Burst::new() };
    for turn in 0..100 {
        let mut received: Vec<_> = (0..64).map(|id| Frame::new(turn * 64 + id, 0, None)).collect();
        received.iter_mut().try_for_each(|frame| signing::sign(&client, &mut frame.head, None))?;
        received[9].head[70] ^= 1; // On its way, somebody changed a request: it gets no answer.
        let requests = connections.run(key, Operation::Verify(Sender::Client), received.into_iter());
        let ids =
            requests.iter().filter_map(|request| Some(smb2::Header::parse(&request.head).ok()?.message_id()));
        let responses = ids.map(|id| Frame::new(id.0, 1, Some(Arc::clone(&page))));
        let sent = connections.run(key, Operation::Sign, responses);
        assert_eq!(sent.len(), 63);
        let message = [&sent[0].head[..], &page].concat();
        assert_eq!(signing::verify(&client, Sender::Server, &message, None)?, Verdict::Verified);
    }
    println!("{:#?}", engine.shutdown());
    Ok(())
}
