//! What each library should reach at least: below, it is misused here, or the machine is disturbed.

use smbsign_engine::kernels::cpu;
use smbsign_engine::protocol::SigningAlgorithm::{self, AesCmac, AesGmac, HmacSha256, Md5};

use super::extent::{Extent, LONGEST_FOR_ALL, Set};
use super::libraries::Library::{self, AwsLcRs, GnuTls, IpsecMb, OpenSsl, Ring, RustCrypto};

/// GB/s with messages of 64 KiB in a hot set, on one core of the Zen 4 class.
///
/// ipsec-mb's are those of the project's design; the others are four fifths of what the library was seen to reach on such a
/// core through other programs.
const FLOORS: &[(Library, SigningAlgorithm, f64)] = &[
    (IpsecMb, AesCmac, 16.0),
    (IpsecMb, AesGmac, 20.0),
    (IpsecMb, HmacSha256, 3.3),
    // Of the class, Zen 4 reaches 7.6 and Zen 5 4.7, by every call.
    (IpsecMb, Md5, 4.0),
    (OpenSsl, AesCmac, 0.8),
    (OpenSsl, HmacSha256, 1.4),
    (OpenSsl, Md5, 0.6),
    (GnuTls, AesCmac, 0.65),
    (GnuTls, AesGmac, 6.9),
    (GnuTls, HmacSha256, 1.4),
    (AwsLcRs, AesCmac, 0.9),
    (AwsLcRs, AesGmac, 17.9),
    (AwsLcRs, HmacSha256, 1.4),
    (Ring, HmacSha256, 1.4),
    (RustCrypto, AesCmac, 0.5),
    (RustCrypto, AesGmac, 3.7),
    (RustCrypto, HmacSha256, 1.4),
    (RustCrypto, Md5, 0.5),
];

/// What a row's peer should reach at least, in GB/s; nothing where no floor is known, or on another class of CPU.
#[must_use]
pub fn floor(peer: Library, algorithm: SigningAlgorithm, extent: Extent, set: Set) -> Option<f64> {
    let features = cpu::features();
    let is_of_the_class = ["vaes", "vpclmulqdq", "sha"].iter().all(|one| features.contains(one));
    if is_of_the_class { of_the_class(peer, algorithm, extent, set) } else { None }
}

fn of_the_class(peer: Library, algorithm: SigningAlgorithm, extent: Extent, set: Set) -> Option<f64> {
    let at_64_kib = [Extent::Bytes(LONGEST_FOR_ALL), Extent::Bytes(64 << 10)].contains(&extent);
    let found = FLOORS.iter().find(|(library, of, _)| (*library, *of) == (peer, algorithm));
    found.filter(|_| at_64_kib && set == Set::Hot).map(|(_, _, gbps)| *gbps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_hold_for_64_kib_hot_alone() {
        let cmac = |bytes, set| of_the_class(IpsecMb, AesCmac, Extent::Bytes(bytes), set);
        assert_eq!(cmac(LONGEST_FOR_ALL, Set::Hot), Some(16.0));
        assert_eq!(cmac(LONGEST_FOR_ALL, Set::Cold), None);
        assert_eq!(cmac(4096, Set::Hot), None);
        assert_eq!(of_the_class(Ring, AesCmac, Extent::Bytes(65_536), Set::Hot), None);
    }
}
