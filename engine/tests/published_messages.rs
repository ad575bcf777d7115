//! Published SMB messages with their keys: derivation, pre-authentication hash and signatures must come out as printed.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::PreparedKey;
use smbsign_engine::protocol::framing::Protocol;
use smbsign_engine::protocol::{
    ApplicationKey, Cipher, CipherKey, PreauthHash, SecuritySignature, Sender, SequenceNumber, SessionKey,
    Signature, SigningAlgorithm, SigningKey, smb1, smb2,
};
use smbsign_engine::signing::{self, SignatureField, Verdict};

fn vectors<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let vectors: Vec<T> =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(!vectors.is_empty(), "{file} holds vectors");
    vectors
}

/// Bytes written in hexadecimal.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Hex(Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        hex::decode(text).map(Self)
    }
}

#[derive(Deserialize)]
struct SignedMessage {
    source: String,
    algorithm: String,
    key: Option<Hex>,
    session_key: Option<Hex>,
    #[serde(default = "nothing")]
    challenge_response: Hex,
    sequence: Option<u32>,
    packet: Hex,
    /// What the signature is where the packet itself does not hold it.
    signature: Option<Hex>,
}

fn nothing() -> Hex {
    Hex(Vec::new())
}

impl SignedMessage {
    fn algorithm(&self) -> SigningAlgorithm {
        let named = SigningAlgorithm::ALL.into_iter().find(|algorithm| algorithm.name() == self.algorithm);
        named.expect("a known algorithm")
    }

    fn signing_key(&self) -> SigningKey {
        match (&self.key, &self.session_key) {
            (Some(key), None) => SigningKey::new(self.algorithm(), &key.0).unwrap(),
            (None, Some(key)) => {
                SigningKey::smb1(&SessionKey::new(&key.0).unwrap(), &self.challenge_response.0).unwrap()
            }
            _ => panic!("{}: either a key or a session key", self.source),
        }
    }

    fn sender(&self) -> Sender {
        match Protocol::of(&self.packet.0).unwrap() {
            Protocol::Smb1 => smb1::Header::parse(&self.packet.0).unwrap().sender(),
            _ => smb2::Header::parse(&self.packet.0).unwrap().sender(),
        }
    }
}

fn signature_field(message: &[u8]) -> std::ops::Range<usize> {
    if message[0] == 0xff { SecuritySignature::FIELD } else { Signature::FIELD }
}

#[test]
fn published_messages_verify_and_are_signed_as_published() {
    for vector in vectors::<SignedMessage>("smb_signatures.json") {
        let sequence = vector.sequence.map(SequenceNumber);
        let field = signature_field(&vector.packet.0);
        let mut published = vector.packet.0.clone();
        if let Some(signature) = &vector.signature {
            published[field.clone()].copy_from_slice(&signature.0);
        }
        for backend in Backend::available() {
            let key = PreparedKey::new(&vector.signing_key(), backend);
            let verdict = signing::verify(&key, vector.sender(), &published, sequence).unwrap();
            assert_eq!(verdict, Verdict::Verified, "{}, {backend}", vector.source);

            let mut signed = published.clone();
            signed[field.clone()].fill(0xa5);
            signing::sign(&key, &mut signed, sequence).unwrap();
            assert_eq!(hex::encode(&signed), hex::encode(&published), "{}, {backend}", vector.source);
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_in_a_published_message_is_found() {
    for vector in vectors::<SignedMessage>("smb_signatures.json") {
        let sequence = vector.sequence.map(SequenceNumber);
        let key = PreparedKey::new(&vector.signing_key(), Backend::detect());
        let mut signed = vector.packet.0.clone();
        signing::sign(&key, &mut signed, sequence).unwrap();
        for bit in 0..signed.len() * 8 {
            let mut changed = signed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let verdict = signing::verify(&key, vector.sender(), &changed, sequence);
            assert_ne!(verdict, Ok(Verdict::Verified), "{}, bit {bit}", vector.source);
        }
    }
}

#[test]
fn a_bad_signature_says_what_was_expected_and_what_was_found() {
    let vector = &vectors::<SignedMessage>("smb_signatures.json")[0];
    let key = PreparedKey::new(&vector.signing_key(), Backend::detect());
    let mut changed = vector.packet.0.clone();
    changed[Signature::FIELD].fill(0x11);
    let Ok(Verdict::BadSignature { expected, found }) =
        signing::verify(&key, vector.sender(), &changed, vector.sequence.map(SequenceNumber))
    else {
        panic!("the signature was overwritten");
    };
    assert_eq!(expected.to_string(), hex::encode(&vector.packet.0[Signature::FIELD]));
    assert_eq!(found, SignatureField::Smb2(Signature::from_bytes([0x11; 16])));
}

#[derive(Deserialize)]
struct DerivedKeys {
    source: String,
    dialect: String,
    session_key: Hex,
    preauth_hash: Option<Hex>,
    signing_key: Hex,
    client_to_server_cipher_key: Option<Hex>,
    server_to_client_cipher_key: Option<Hex>,
    application_key: Option<Hex>,
}

#[test]
fn published_session_keys_derive_the_published_keys() {
    for vector in vectors::<DerivedKeys>("smb3_keys.json") {
        let dialect = vector.dialect.parse().unwrap();
        let session = SessionKey::new(&vector.session_key.0).unwrap();
        let preauth = vector.preauth_hash.map(|hash| PreauthHash::from_bytes(hash.0.try_into().unwrap()));

        let signing =
            SigningKey::derive(&session, dialect, SigningAlgorithm::AesCmac, preauth.as_ref()).unwrap();
        assert_eq!(signing.as_bytes(), vector.signing_key.0, "{}", vector.source);
        let cipher_key = |sender| {
            CipherKey::derive(&session, dialect, Cipher::Aes128Ccm, sender, preauth.as_ref()).unwrap()
        };
        if let Some(key) = vector.client_to_server_cipher_key {
            assert_eq!(cipher_key(Sender::Client).as_bytes(), key.0, "{}", vector.source);
        }
        if let Some(key) = vector.server_to_client_cipher_key {
            assert_eq!(cipher_key(Sender::Server).as_bytes(), key.0, "{}", vector.source);
        }
        if let Some(key) = vector.application_key {
            let derived = ApplicationKey::derive(&session, dialect, preauth.as_ref()).unwrap();
            assert_eq!(&derived.as_bytes()[..], key.0, "{}", vector.source);
        }
    }
}

#[derive(Deserialize)]
struct PreauthExchange {
    source: String,
    steps: Vec<PreauthStep>,
}

#[derive(Deserialize)]
struct PreauthStep {
    name: String,
    message: Hex,
    hash: Hex,
}

#[test]
fn the_preauth_hash_goes_through_the_published_values() {
    for exchange in vectors::<PreauthExchange>("smb311_preauth.json") {
        let mut hash = PreauthHash::new();
        for step in &exchange.steps {
            hash.update(&step.message.0);
            assert_eq!(&hash.as_bytes()[..], step.hash.0, "{}: {}", exchange.source, step.name);
        }
    }
}
