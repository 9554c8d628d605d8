//! The one choice of cryptography for the whole process.

use std::sync::Once;

static INSTALL: Once = Once::new();

/// Makes aws-lc-rs the cryptography of TLS and of JSON web tokens. Call it first in `main`; calling it again is harmless.
///
/// Both libraries panic at first use when a dependency turns on a second provider by a feature and none was chosen.
pub fn install_crypto() {
    INSTALL.call_once(|| {
        // An error means that somebody has chosen already; the choice stands either way.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}
