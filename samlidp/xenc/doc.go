// Package xenc encrypts and decrypts XML as SAML uses it (Core §6): one element, under a
// fresh AES key that is itself encrypted to an RSA key.
//
// Out: [NewSealer] chooses the algorithms by what the reader's metadata offers, and
// [Sealer.Write] writes the xenc:EncryptedData. AES-GCM unless the reader has nothing but CBC.
//
// In: [Open] decrypts an EncryptedID that was sent to us. Whoever sends it is a stranger,
// so every fault of the cipher gives the same error, and CBC, whose padding answers questions, is
// read only where a signature over it was verified before (S16). PKCS #1 v1.5 is not there at all.
package xenc
