/** Every object identifier once, with the document it comes from. */

// Attribute types of names: RFC 5280, Appendix A.1; X.520.
export const COMMON_NAME = '2.5.4.3';
export const ORGANIZATIONAL_UNIT_NAME = '2.5.4.11';
export const ORGANIZATION_NAME = '2.5.4.10';
/** id-at-uniqueIdentifier: the EUI-64 of an Organisation Certificate (SEC Appendix M, F). */
export const UNIQUE_IDENTIFIER = '2.5.4.45';

// Certificate extensions: RFC 5280, 4.2.1.
export const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';
export const KEY_USAGE = '2.5.29.15';
export const SUBJECT_ALT_NAME = '2.5.29.17';
export const BASIC_CONSTRAINTS = '2.5.29.19';
export const CERTIFICATE_POLICIES = '2.5.29.32';
export const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35';
export const EXTENDED_KEY_USAGE = '2.5.29.37';
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** id-on-hardwareModuleName: RFC 4108, 5. */
export const HARDWARE_MODULE_NAME = '1.3.6.1.5.5.7.8.4';

/** hwType of the public test device certificates; a manufacturer has its own. */
export const TEST_DEVICES = '1.2.826.0.1.8641679.1.2.2.1';

/** extensionRequest: RFC 2985, 5.4.2. */
export const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';

// Public keys: RFC 5480, 2.1.1; RFC 3279, 2.3.1.
export const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
export const PRIME256V1 = '1.2.840.10045.3.1.7';
export const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';

// Signatures: RFC 5758, 3.2; RFC 4055, 5.
export const ECDSA_WITH_SHA256_OID = '1.2.840.10045.4.3.2';
export const SHA256_WITH_RSA_OID = '1.2.840.113549.1.1.11';

// Signed files: RFC 5652, 4, 5.1 and 11; RFC 5754; RFC 5758, 3.2.
export const CMS_DATA = '1.2.840.113549.1.7.1';
export const CMS_SIGNED_DATA = '1.2.840.113549.1.7.2';
export const CONTENT_TYPE = '1.2.840.113549.1.9.3';
export const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
export const SHA256 = '2.16.840.1.101.3.4.2.1';
export const SHA384 = '2.16.840.1.101.3.4.2.2';
export const SHA512 = '2.16.840.1.101.3.4.2.3';
export const ECDSA_WITH_SHA384_OID = '1.2.840.10045.4.3.3';
export const ECDSA_WITH_SHA512_OID = '1.2.840.10045.4.3.4';
export const SHA384_WITH_RSA_OID = '1.2.840.113549.1.1.12';
export const SHA512_WITH_RSA_OID = '1.2.840.113549.1.1.13';

// Encrypted messages: RFC 5083, 2.1; RFC 5084, 3.2; RFC 3565; RFC 8017, A.2.
export const CMS_AUTH_ENVELOPED_DATA = '1.2.840.113549.1.9.16.1.23';
export const AES256_GCM = '2.16.840.1.101.3.4.1.46';
export const AES256_WRAP = '2.16.840.1.101.3.4.1.45';
/** RFC 5753, 7.1 */
export const DH_SINGLE_PASS_STD_SHA256_KDF = '1.3.132.1.11.1';
export const RSAES_OAEP = '1.2.840.113549.1.1.7';
export const MGF1 = '1.2.840.113549.1.1.8';
