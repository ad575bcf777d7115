//! One client, one server, one share: what becomes of the session.

use super::hardened::demanded;
use super::matrix::{smb1, smb2};
use super::{
    Assumption, Client, Demand, Eagerness, Encryption, Failure, Generation, Guests, Hardening, Outcome,
    Reason, Rule, Server, Smb1Signing, Smb2Signing, UncPath,
};
use crate::protocol::{Cipher, Dialect, SigningAlgorithm};

/// Who logs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Account {
    /// A user with a password or a ticket, so that there is a session key.
    #[default]
    User,
    /// A guest or nobody: there is none.
    Guest,
}

/// What becomes of a session, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// In a word.
    pub outcome: Outcome,
    /// What the two ends speak; none where nothing is common.
    pub dialect: Option<Dialect>,
    /// What signs; none where nothing is signed.
    pub algorithm: Option<SigningAlgorithm>,
    /// What encrypts; none where nothing is encrypted.
    pub cipher: Option<Cipher>,
    /// Why there is no connection.
    pub failure: Option<Failure>,
    /// The rules that led here, in the order in which they came to bear.
    pub because: Vec<Reason>,
    /// What was assumed where the sources are silent.
    pub assumptions: Vec<Assumption>,
}

/// What becomes of a session of the client at the server for one share.
#[must_use]
pub fn negotiate(client: &Client, server: &Server, path: &UncPath, account: Account) -> Decision {
    let mut told = Told { because: Vec::new(), assumptions: Vec::new() };
    let Some(dialect) = client.endpoint.dialects.highest_common(server.endpoint.dialects) else {
        told.rule(Rule::HighestCommonDialect, "none is common".to_owned());
        return told.failed(None, Failure::NoCommonDialect);
    };
    told.rule(Rule::HighestCommonDialect, dialect.to_string());
    let demands = told.hardening(client, path);
    let session = Session { client, server, path, account, dialect, demands };
    session
        .refused_guest(&mut told)
        .or_else(|| session.encrypted(&mut told))
        .unwrap_or_else(|| session.signed(&mut told))
}

/// What was told on the way.
struct Told {
    because: Vec<Reason>,
    assumptions: Vec<Assumption>,
}

impl Told {
    fn rule(&mut self, rule: Rule, here: String) {
        self.because.push(Reason { rule, here });
    }

    fn assume(&mut self, assumption: Assumption) {
        self.assumptions.push(assumption);
    }

    /// What the client demands of the path.
    fn hardening(&mut self, client: &Client, path: &UncPath) -> Hardening {
        let (demands, entries) = demanded(&client.hardened_paths, path);
        if entries.iter().any(|entry| entry.hardening != demands) {
            self.assume(Assumption::OverlappingHardenedPaths);
        }
        let here = || entries.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        if demands.privacy == Demand::Required {
            self.rule(Rule::HardenedPrivacy, here());
        }
        if demands.integrity == Demand::Required {
            self.rule(Rule::HardenedIntegrity, here());
        }
        demands
    }

    fn failed(&mut self, dialect: Option<Dialect>, failure: Failure) -> Decision {
        Decision { failure: Some(failure), ..self.decision(Outcome::FailsToConnect, dialect) }
    }

    fn decision(&mut self, outcome: Outcome, dialect: Option<Dialect>) -> Decision {
        Decision {
            outcome,
            dialect,
            algorithm: None,
            cipher: None,
            failure: None,
            because: std::mem::take(&mut self.because),
            assumptions: std::mem::take(&mut self.assumptions),
        }
    }
}

/// A session between two ends that have a dialect in common.
struct Session<'a> {
    client: &'a Client,
    server: &'a Server,
    path: &'a UncPath,
    account: Account,
    dialect: Dialect,
    demands: Hardening,
}

impl Session<'_> {
    fn refused_guest(&self, told: &mut Told) -> Option<Decision> {
        if self.account == Account::User {
            if self.demands.mutual_authentication == Demand::Required {
                told.assume(Assumption::Kerberos);
            }
            return None;
        }
        let mut refused = false;
        let mut refuse = |rule, here: &str| {
            told.rule(rule, here.to_owned());
            refused = true;
        };
        // SMB1 has no such switch.
        if self.client.guests == Guests::Refused && self.dialect != Dialect::Smb1 {
            refuse(Rule::GuestsRefused, "client.guests=refused");
        }
        if self.demands.mutual_authentication == Demand::Required {
            refuse(Rule::HardenedMutualAuthentication, "a guest");
        }
        if self.client_setting() == Smb2Signing::Required {
            refuse(Rule::GuestsCannotSign, "the client requires signing");
        }
        if let Some(here) = self.encryption_required() {
            refuse(Rule::GuestsCannotEncrypt, here);
        }
        if self.dialect == Dialect::Smb1 && self.is_signing_required() {
            told.assume(Assumption::Smb1Guests);
        }
        refused.then(|| told.failed(Some(self.dialect), Failure::GuestSession))
    }

    fn encrypted(&self, told: &mut Told) -> Option<Decision> {
        if self.account == Account::Guest || self.encryption() == Encryption::Off {
            return None;
        }
        let (client, server) = (&self.client.endpoint.ciphers, &self.server.endpoint.ciphers);
        let agreed = match self.dialect {
            // One cipher, and no order to speak of; the capability is what the lists tell.
            Dialect::Smb300 | Dialect::Smb302 => {
                let able = !client.is_empty() && !server.is_empty();
                able.then_some((Cipher::Aes128Ccm, Order::Agreed))
            }
            Dialect::Smb311 => chosen(client, server),
            _ => None,
        };
        if let Some((cipher, order)) = agreed {
            if order == Order::Differs {
                told.assume(Assumption::ServerOrder);
            }
            told.rule(Rule::EncryptionSupersedesSigning, cipher.to_string());
            let decision = told.decision(Outcome::Encrypted, Some(self.dialect));
            return Some(Decision { cipher: Some(cipher), ..decision });
        }
        let here = self.encryption_required()?;
        told.rule(Rule::EncryptionRefuses, format!("{here}, and {} has no common cipher", self.dialect));
        Some(told.failed(Some(self.dialect), Failure::CannotEncrypt))
    }

    fn signed(&self, told: &mut Told) -> Decision {
        let guest = self.account == Account::Guest;
        let outcome = match self.dialect {
            // SMB1's ends compare their settings before anybody logs on.
            Dialect::Smb1 => self.smb1(told),
            _ if guest => Outcome::NotSigned,
            _ => self.smb2(told),
        };
        if guest && outcome != Outcome::FailsToConnect {
            told.rule(Rule::GuestsAreExempt, "a guest".to_owned());
            return told.decision(Outcome::NotSigned, Some(self.dialect));
        }
        match outcome {
            Outcome::Signed => {
                let algorithm = self.algorithm(told);
                let decision = told.decision(outcome, Some(self.dialect));
                Decision { algorithm: Some(algorithm), ..decision }
            }
            Outcome::FailsToConnect => {
                let server = self.server.endpoint.signing.smb1();
                let required_by_server = server == Smb1Signing::Required;
                let failure = if required_by_server {
                    Failure::ServerRequiresSigning
                } else {
                    Failure::ClientRequiresSigning
                };
                told.failed(Some(self.dialect), failure)
            }
            other => told.decision(other, Some(self.dialect)),
        }
    }

    fn smb2(&self, told: &mut Told) -> Outcome {
        let (client, server) = (self.client_setting(), self.server.endpoint.signing.smb2());
        told.rule(Rule::Smb2Matrix, format!("client {client}, server {server}"));
        let outcome = smb2(client, server);
        if outcome == Outcome::NotSigned && self.client.eagerness == Eagerness::WheneverPossible {
            told.rule(Rule::ClientSignsUnasked, "client.signing=whenever-possible".to_owned());
            return Outcome::Signed;
        }
        outcome
    }

    fn smb1(&self, told: &mut Told) -> Outcome {
        let (client, server) = (&self.client.endpoint, &self.server.endpoint);
        let hardened = self.demands.integrity == Demand::Required;
        let settings =
            (if hardened { Smb1Signing::Required } else { client.signing.smb1() }, server.signing.smb1());
        let generations = (client.smb1_generation, server.smb1_generation);
        let rule = match generations {
            (Generation::Current, Generation::Current) => Rule::Smb1Matrix,
            (Generation::Legacy, Generation::Legacy) => Rule::Smb1LegacyMatrix,
            _ => Rule::Smb1MixedGenerations,
        };
        let both = |generation| smb1((settings.0, generation), (settings.1, generation));
        if rule == Rule::Smb1MixedGenerations && both(Generation::Current) != both(Generation::Legacy) {
            told.assume(Assumption::MixedGenerations);
        }
        if [client, server]
            .iter()
            .any(|end| end.smb1_generation == Generation::Legacy && end.signing.is_mismatched())
        {
            told.assume(Assumption::MismatchedValues);
        }
        let ((client, server), (of_client, of_server)) = (settings, generations);
        told.rule(rule, format!("client {client} ({of_client}), server {server} ({of_server})"));
        smb1((client, of_client), (server, of_server))
    }

    fn algorithm(&self, told: &mut Told) -> SigningAlgorithm {
        if self.dialect != Dialect::Smb311 {
            let algorithm = self.dialect.default_signing_algorithm();
            told.rule(Rule::AlgorithmOfTheDialect, format!("{}: {algorithm}", self.dialect));
            return algorithm;
        }
        let (client, server) =
            (&self.client.endpoint.signing_algorithms, &self.server.endpoint.signing_algorithms);
        match chosen(client, server) {
            Some((algorithm, order)) => {
                if order == Order::Differs {
                    told.assume(Assumption::ServerOrder);
                }
                told.rule(Rule::AlgorithmNegotiated, algorithm.to_string());
                algorithm
            }
            None => {
                let algorithm = self.dialect.default_signing_algorithm();
                told.rule(Rule::AlgorithmNotNegotiated, algorithm.to_string());
                algorithm
            }
        }
    }

    /// The client's setting for this share, a hardened path counted in.
    fn client_setting(&self) -> Smb2Signing {
        match self.demands.integrity {
            Demand::Required => Smb2Signing::Required,
            Demand::Waived => self.client.endpoint.signing.smb2(),
        }
    }

    fn is_signing_required(&self) -> bool {
        [self.client_setting(), self.server.endpoint.signing.smb2()].contains(&Smb2Signing::Required)
    }

    fn encryption(&self) -> Encryption {
        let of_server = self.server.encryption_of(self.path.share());
        if self.demands.privacy == Demand::Required {
            return Encryption::Required;
        }
        self.client.endpoint.encryption.max(of_server)
    }

    /// Who requires encryption, if anybody does.
    fn encryption_required(&self) -> Option<&'static str> {
        if self.demands.privacy == Demand::Required {
            Some("a hardened path requires encryption")
        } else if self.client.endpoint.encryption == Encryption::Required {
            Some("the client requires encryption")
        } else if self.server.encryption_of(self.path.share()) == Encryption::Required {
            Some("the server requires encryption")
        } else {
            None
        }
    }
}

/// Whether the two ends would have chosen the same.
#[derive(PartialEq, Eq)]
enum Order {
    Agreed,
    Differs,
}

/// The first of the server's list that the client offers too.
fn chosen<T: Copy + PartialEq>(client: &[T], server: &[T]) -> Option<(T, Order)> {
    let by_server = server.iter().find(|value| client.contains(value))?;
    let by_client = client.iter().find(|value| server.contains(value))?;
    Some((*by_server, if by_server == by_client { Order::Agreed } else { Order::Differs }))
}
