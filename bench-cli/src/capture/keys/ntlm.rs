//! NTLM logons: what a capture shows of one, and the session key that a password makes of it (MS-NLMP 2.2.1, 3.3, 3.4.5).

use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest, Md4};
use md5::Md5;
use rc4::{Rc4, StreamCipher};
use smbsign_engine::protocol::SessionKey;
use smbsign_engine::protocol::session_setup::Smb1Request;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

type Hash = Zeroizing<[u8; 16]>;

const SIGNATURE: &[u8] = b"NTLMSSP\0";
const CHALLENGE: u32 = 2;
const AUTHENTICATE: u32 = 3;
const NEGOTIATE_UNICODE: u32 = 0x0000_0001;
const NEGOTIATE_LM_KEY: u32 = 0x0000_0080;
const NEGOTIATE_NON_NT_SESSION_KEY: u32 = 0x0040_0000;
const NEGOTIATE_EXTENDED_SESSION_SECURITY: u32 = 0x0008_0000;
const NEGOTIATE_KEY_EXCHANGE: u32 = 0x4000_0000;
/// NTProofStr of an NTLMv2 response; also the whole of an NTLMv1 response but for its last 8 bytes.
const PROOF_BYTES: usize = 16;
const NTLM_V1_RESPONSE_BYTES: usize = 24;
/// Of a name's characters, so many are tried both in upper case and as they are.
const DOUBTFUL_CHARACTERS: usize = 8;

/// Why a logon and a password make no session key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoSessionKey {
    /// NTProofStr is not what the password gives.
    #[error("the password given is not the one of this logon")]
    WrongPassword,
    /// The key depends on the LAN Manager hash, which only clients of the last century used.
    #[error("its session key depends on the LAN Manager hash, which is not supported")]
    LanManager,
    /// EncryptedRandomSessionKey is not 16 bytes.
    #[error("its NTLMSSP AUTHENTICATE message carries no session key")]
    Malformed,
}

/// The server's challenge in a security token, bare NTLMSSP or inside SPNEGO; `None` if the token holds no
/// CHALLENGE_MESSAGE.
#[must_use]
pub fn challenge(token: &[u8]) -> Option<[u8; 8]> {
    let message = find(token, CHALLENGE)?;
    message.get(24..32)?.try_into().ok()
}

/// Whether a security token holds an AUTHENTICATE_MESSAGE, the last of a logon.
#[must_use]
pub fn is_authenticate(token: &[u8]) -> bool {
    find(token, AUTHENTICATE).is_some()
}

/// An NTLM logon, as far as its session key depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logon {
    /// The user, as sent.
    pub user: String,
    /// The domain, as sent.
    pub domain: String,
    server_challenge: [u8; 8],
    lm_response: Vec<u8>,
    nt_response: Vec<u8>,
    flags: u32,
    encrypted_session_key: Vec<u8>,
}

impl Logon {
    /// The logon of an AUTHENTICATE_MESSAGE in a security token; `None` if the token holds none that can be read.
    #[must_use]
    pub fn from_token(token: &[u8], server_challenge: [u8; 8]) -> Option<Self> {
        let message = find(token, AUTHENTICATE)?;
        let flags = u32::from_le_bytes(message.get(60..64)?.try_into().ok()?);
        let text = |bytes: &[u8]| decode(bytes, flags & NEGOTIATE_UNICODE != 0);
        Some(Self {
            user: text(field(message, 36)?),
            domain: text(field(message, 28)?),
            server_challenge,
            lm_response: field(message, 12)?.to_vec(),
            nt_response: field(message, 20)?.to_vec(),
            flags,
            encrypted_session_key: field(message, 52)?.to_vec(),
        })
    }

    /// The logon of an SMB1 session setup without extended security, whose bare responses answer the challenge of
    /// NEGOTIATE; `None` with extended security (rule 29).
    #[must_use]
    pub fn from_smb1(request: &Smb1Request<'_>, server_challenge: [u8; 8]) -> Option<Self> {
        let Smb1Request::Responses { lm, nt, names, unicode } = *request else { return None };
        let mut names = names_of(names, unicode);
        Some(Self {
            user: names.next().unwrap_or_default(),
            domain: names.next().unwrap_or_default(),
            server_challenge,
            lm_response: lm.to_vec(),
            nt_response: nt.to_vec(),
            flags: 0,
            encrypted_session_key: Vec::new(),
        })
    }

    /// Whether nobody in particular logged on: no user and no NT response (MS-NLMP 3.2.5.1.2).
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.user.is_empty() && self.nt_response.is_empty()
    }

    /// NTProofStr of an NTLMv2 response.
    #[must_use]
    pub fn nt_proof(&self) -> Option<[u8; 16]> {
        if self.nt_response.len() <= NTLM_V1_RESPONSE_BYTES {
            return None;
        }
        self.nt_response.first_chunk().copied()
    }

    /// ExportedSessionKey: what SMB calls the session key. An anonymous logon has one whatever the password.
    ///
    /// An NTLMv2 response proves that the password is right; NTLMv1's is not checked, so that a wrong password shows
    /// in the signatures.
    ///
    /// # Errors
    /// [`NoSessionKey`].
    pub fn session_key(&self, password: &str) -> Result<SessionKey, NoSessionKey> {
        let mut key = self.key_exchange_key(&self.session_base_key(password)?)?;
        if self.flags & NEGOTIATE_KEY_EXCHANGE != 0 {
            let mut exported = Hash::default();
            if self.encrypted_session_key.len() != exported.len() {
                return Err(NoSessionKey::Malformed);
            }
            exported.copy_from_slice(&self.encrypted_session_key);
            Rc4::new_from_slice(&*key).map_err(|_| NoSessionKey::Malformed)?.apply_keystream(&mut *exported);
            key = exported;
        }
        SessionKey::new(&*key).map_err(|_| NoSessionKey::Malformed)
    }

    /// SessionBaseKey (MS-NLMP 3.3.1, 3.3.2; rule 14).
    fn session_base_key(&self, password: &str) -> Result<Hash, NoSessionKey> {
        if self.is_anonymous() {
            return Ok(Hash::default());
        }
        let nt_hash = md4(&utf16(password));
        match self.nt_response.len() {
            0 => Err(NoSessionKey::LanManager),
            1..=NTLM_V1_RESPONSE_BYTES => Ok(md4(&*nt_hash)),
            _ => {
                let (proof, blob) = self.nt_response.split_at(PROOF_BYTES);
                let owf = upper_cases(&self.user)
                    .map(|user| hmac_md5(&*nt_hash, &[&utf16(&(user + &self.domain))]))
                    .find(|owf| bool::from(hmac_md5(&**owf, &[&self.server_challenge, blob]).ct_eq(proof)))
                    .ok_or(NoSessionKey::WrongPassword)?;
                Ok(hmac_md5(&*owf, &[proof]))
            }
        }
    }

    /// KXKEY (MS-NLMP 3.4.5.1).
    fn key_exchange_key(&self, session_base_key: &Hash) -> Result<Hash, NoSessionKey> {
        if self.is_anonymous() || self.nt_response.len() > NTLM_V1_RESPONSE_BYTES {
            return Ok(session_base_key.clone());
        }
        if self.flags & NEGOTIATE_EXTENDED_SESSION_SECURITY != 0 {
            let client_challenge = self.lm_response.get(..8).ok_or(NoSessionKey::Malformed)?;
            return Ok(hmac_md5(&**session_base_key, &[&self.server_challenge, client_challenge]));
        }
        if self.flags & (NEGOTIATE_LM_KEY | NEGOTIATE_NON_NT_SESSION_KEY) != 0 {
            return Err(NoSessionKey::LanManager);
        }
        Ok(session_base_key.clone())
    }
}

/// The NTLMSSP message of this type in a token. SPNEGO and GSS-API wrap it whole, so that its offsets count from its
/// own signature.
fn find(token: &[u8], message_type: u32) -> Option<&[u8]> {
    let start = token.windows(SIGNATURE.len()).position(|window| window == SIGNATURE)?;
    let message = token.get(start..)?;
    (message.get(8..12)? == message_type.to_le_bytes()).then_some(message)
}

/// What a message's field descriptor (length, allocated length, offset) at `at` points to.
fn field(message: &[u8], at: usize) -> Option<&[u8]> {
    let length = u16::from_le_bytes(message.get(at..at.checked_add(2)?)?.try_into().ok()?);
    let offset = u32::from_le_bytes(message.get(at.checked_add(4)?..at.checked_add(8)?)?.try_into().ok()?);
    let start = usize::try_from(offset).ok()?;
    message.get(start..start.checked_add(length.into())?)
}

/// The strings of an SMB1 session setup, each with a terminator.
fn names_of(bytes: &[u8], unicode: bool) -> impl Iterator<Item = String> {
    let width = if unicode { 2 } else { 1 };
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let end = rest.chunks_exact(width).position(|unit| unit.iter().all(|byte| *byte == 0))? * width;
        let (name, behind) = rest.split_at_checked(end)?;
        rest = behind.get(width..)?;
        Some(decode(name, unicode))
    })
}

fn decode(bytes: &[u8], unicode: bool) -> String {
    if !unicode {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let units: Vec<u16> = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    String::from_utf16_lossy(&units)
}

fn utf16(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.encode_utf16().flat_map(u16::to_le_bytes).collect())
}

/// The name in upper case, in every way that systems may: which one it was, NTProofStr tells.
///
/// All of them map character by character, and leave alone what would grow. But Windows leaves the dotless ı alone
/// too, and Samba's table is older than the capitals of ș, ѝ and hundreds more: each distinct character beyond ASCII
/// is either mapped or left.
fn upper_cases(name: &str) -> impl Iterator<Item = String> {
    let mut doubtful: Vec<char> = name.chars().filter(|one| !one.is_ascii() && upper(*one) != *one).collect();
    doubtful.sort_unstable();
    doubtful.dedup();
    doubtful.truncate(DOUBTFUL_CHARACTERS);
    (0..1_u32 << doubtful.len()).map(move |left| {
        let is_left = |one| doubtful.binary_search(&one).is_ok_and(|index| left >> index & 1 == 1);
        name.chars().map(|one| if is_left(one) { one } else { upper(one) }).collect()
    })
}

fn upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => character,
    }
}

fn md4(bytes: &[u8]) -> Hash {
    Zeroizing::new(Md4::digest(bytes).into())
}

fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> Hash {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The common values of MS-NLMP 4.2.1.
    fn logon(flags: u32, lm: &str, nt: &str, encrypted_session_key: &str) -> Logon {
        Logon {
            user: "User".into(),
            domain: "Domain".into(),
            server_challenge: *b"\x01\x23\x45\x67\x89\xab\xcd\xef",
            lm_response: hex::decode(lm).unwrap(),
            nt_response: hex::decode(nt).unwrap(),
            flags,
            encrypted_session_key: hex::decode(encrypted_session_key).unwrap(),
        }
    }

    fn key_of(logon: &Logon) -> Hash {
        logon.key_exchange_key(&logon.session_base_key("Password").unwrap()).unwrap()
    }

    const RANDOM_SESSION_KEY: [u8; 16] = [0x55; 16];
    const NTLM_V1: &str = "67c43011f30298a2ad35ece64f16331c44bdbed927841f94";

    fn exports_the_random_session_key(logon: &Logon) -> bool {
        let exported = logon.session_key("Password").unwrap();
        let derive = |key: &SessionKey| {
            use smbsign_engine::protocol::SigningKey;
            SigningKey::smb1(key, &[]).unwrap().as_bytes().to_vec()
        };
        derive(&exported) == RANDOM_SESSION_KEY
    }

    #[test]
    fn ntlm_v1_gives_the_published_keys() {
        let logon = logon(NEGOTIATE_KEY_EXCHANGE, "", NTLM_V1, "518822b1b3f350c8958682ecbb3e3cb7");
        assert_eq!(hex::encode(*key_of(&logon)), "d87262b0cde4b1cb7499becccdf10784");
        assert!(exports_the_random_session_key(&logon));
    }

    #[test]
    fn ntlm_v1_with_extended_session_security_gives_the_published_key() {
        let lm = "aaaaaaaaaaaaaaaa00000000000000000000000000000000";
        let nt = "7537f803ae367128ca458204bde7caf81e97ed2683267232";
        let logon = logon(NEGOTIATE_EXTENDED_SESSION_SECURITY, lm, nt, "");
        assert_eq!(hex::encode(*key_of(&logon)), "eb93429a8bd952f8b89c55b87f475edc");
    }

    #[test]
    fn ntlm_v2_gives_the_published_keys_and_refuses_another_password() {
        let nt = "68cd0ab851e51c96aabc927bebef6a1c01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c\
                  0044006f006d00610069006e0001000c005300650072007600650072000000000000000000";
        let logon = logon(NEGOTIATE_KEY_EXCHANGE, "", nt, "c5dad2544fc9799094ce1ce90bc9d03e");
        assert_eq!(hex::encode(*key_of(&logon)), "8de40ccadbc14a82f15cb0ad0de95ca3");
        assert!(exports_the_random_session_key(&logon));
        assert_eq!(logon.session_key("password").unwrap_err(), NoSessionKey::WrongPassword);
    }

    #[test]
    fn an_anonymous_logon_needs_no_password_and_a_lan_manager_one_is_refused() {
        let mut logon = logon(0, "00", "", "");
        assert_eq!(logon.session_key("any").unwrap_err(), NoSessionKey::LanManager);
        logon.user.clear();
        assert!(logon.is_anonymous() && logon.session_key("any").is_ok());
    }

    #[test]
    fn a_message_is_found_inside_a_token_and_one_cut_short_is_none() {
        let message = [SIGNATURE, &2_u32.to_le_bytes(), &[0; 12], b"CHALLENG"].concat();
        let token = [&b"\xa1\x30spnego"[..], &message, b"mic"].concat();
        assert_eq!(challenge(&token), Some(*b"CHALLENG"));
        assert_eq!(challenge(&token[..30]), None);
        assert_eq!(Logon::from_token(&token, [0; 8]), None);
    }

    #[test]
    fn names_are_upper_cased_as_windows_and_as_samba_do_and_never_lengthened() {
        let first = |name| upper_cases(name).next().unwrap();
        assert_eq!(first("jörg.weiß"), "JÖRG.WEIß");
        assert_eq!(upper_cases("plain").collect::<Vec<_>>(), ["PLAIN"]);
        assert!(upper_cases("yıldız.ö").any(|upper| upper == "YıLDıZ.Ö"));
        assert!(upper_cases("ionuț").any(|upper| upper == "IONUț"));
        assert_eq!(upper_cases("пользователь-ёжик").count(), 256);
    }
}
