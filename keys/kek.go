package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"sync"

	"cloudsso/idp"
)

// Faults that [KEK.Open] answers with, compared with errors.Is.
var (
	// ErrWrongKEK: it was sealed under another key-encryption key.
	ErrWrongKEK = errors.New("sealed under another key-encryption key")
	// ErrTampered: it was sealed under this key, but for another purpose, or it was changed since.
	ErrTampered = errors.New("the sealed value was changed or moved")
)

const (
	kekSize     = 32
	sealVersion = 1
	kekIDSize   = 4
	sealHeader  = 1 + kekIDSize
)

// KEK is the key-encryption key: whatever must be recoverable from the store is sealed
// under it, so that a stolen backup of the store is worth nothing without it.
type KEK struct {
	source string // for people: where the key was looked for

	mu   sync.Mutex
	path string // set while the key exists in memory only; where save writes it
	id   [kekIDSize]byte
	aead cipher.AEAD
}

func newKEK(secret []byte, source string) (*KEK, error) {
	k := &KEK{source: source}
	return k, k.adopt(secret)
}

func (k *KEK) adopt(secret []byte) error {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return err
	}
	if k.aead, err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("cloudsso key-encryption key id"))
	copy(k.id[:], mac.Sum(nil))
	return nil
}

// Seal encrypts plain with AES-256-GCM, bound to purpose: [KEK.Open] must be given the
// same. A purpose names the kind of secret and the row it lies in, so that a sealed
// value that somebody copies into another row does not open there. It fails while a
// new key has not been written to its file yet, which [Open] does.
func (k *KEK) Seal(purpose string, plain []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.path != "" {
		return nil, errors.New("the new key-encryption key is not on disk yet")
	}
	out := append([]byte{sealVersion}, k.id[:]...)
	return k.aead.Seal(out, nil, plain, []byte(purpose)), nil
}

// Open decrypts what [KEK.Seal] made for the same purpose. It answers with [ErrWrongKEK] or [ErrTampered].
func (k *KEK) Open(purpose string, sealed []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(sealed) < sealHeader || sealed[0] != sealVersion {
		return nil, ErrTampered
	}
	if k.path != "" || subtle.ConstantTimeCompare(sealed[1:sealHeader], k.id[:]) != 1 {
		return nil, ErrWrongKEK
	}
	plain, err := k.aead.Open(nil, nil, sealed[sealHeader:], []byte(purpose))
	if err != nil {
		return nil, ErrTampered
	}
	return plain, nil
}

// Seal encrypts plain under the key-encryption key for a record of the store, bound to
// purpose: [Ring.Open] must be given the same, which names the record. It is for secrets
// that must be recoverable; others are kept as hashes.
func (r *Ring) Seal(purpose string, plain []byte) ([]byte, error) {
	return r.kek.Seal("record/"+purpose, plain)
}

// Open decrypts what [Ring.Seal] made for the same purpose; the error is [ErrWrongKEK] or [ErrTampered].
func (r *Ring) Open(purpose string, sealed []byte) ([]byte, error) {
	return r.kek.Open("record/"+purpose, sealed)
}

// unsaved reports whether the key is new and in memory only.
func (k *KEK) unsaved() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.path != ""
}

// save writes a new key to its file. If another process was faster, its key is ours from now on.
func (k *KEK) save() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.path == "" {
		return nil
	}
	secret := make([]byte, kekSize)
	rand.Read(secret)
	secret, err := createKEKFile(k.path, secret)
	if err != nil {
		return err
	}
	k.path = ""
	return k.adopt(secret)
}

// purposeOf binds a key's sealed half to its row: swapping two rows, or relabelling one
// as another use or algorithm, makes it unreadable.
func purposeOf(r idp.KeyRecord) string {
	return string(frame([]byte("key"), []byte(r.ID), []byte(r.Slot), []byte(r.Use), []byte(r.Alg)))
}

// frame joins parts so that no two different lists give the same bytes.
func frame(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = binary.BigEndian.AppendUint64(out, uint64(len(p)))
		out = append(out, p...)
	}
	return out
}
