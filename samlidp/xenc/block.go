package xenc

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
)

// block is a block cipher with its mode.
type block struct {
	uri string
	key int // bytes
	gcm bool
}

func blockOf(uri string) (block, bool) {
	switch uri {
	case AES128GCM:
		return block{uri, 16, true}, true
	case AES192GCM:
		return block{uri, 24, true}, true
	case AES256GCM:
		return block{uri, 32, true}, true
	case AES128CBC:
		return block{uri, 16, false}, true
	case AES192CBC:
		return block{uri, 24, false}, true
	case AES256CBC:
		return block{uri, 32, false}, true
	}
	return block{}, false
}

// cipher is AES with this key, and its GCM mode if that is the block's.
func (b block) cipher(key []byte) (cipher.Block, cipher.AEAD, error) {
	c, err := aes.NewCipher(key)
	if err != nil || !b.gcm {
		return c, nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(c)
	return c, aead, err
}

// seal encrypts: nonce or IV first, then the ciphertext (§5.2.2, §5.2.4).
func (b block) seal(key, plain []byte) ([]byte, error) {
	c, aead, err := b.cipher(key)
	switch {
	case err != nil:
		return nil, err
	case aead != nil:
		return aead.Seal(nil, nil, plain, nil), nil
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	out := make([]byte, aes.BlockSize+len(plain)+pad)
	rand.Read(out[:aes.BlockSize])
	copy(out[aes.BlockSize:], plain)
	out[len(out)-1] = byte(pad)
	cipher.NewCBCEncrypter(c, out[:aes.BlockSize]).CryptBlocks(out[aes.BlockSize:], out[aes.BlockSize:])
	return out, nil
}

var errCipher = errors.New("xenc: the ciphertext is wrong")

// open undoes seal.
func (b block) open(key, sealed []byte) ([]byte, error) {
	c, aead, err := b.cipher(key)
	switch {
	case err != nil:
		return nil, err
	case aead != nil:
		return aead.Open(nil, nil, sealed, nil)
	}
	iv, body := sealed[:min(len(sealed), aes.BlockSize)], sealed[min(len(sealed), aes.BlockSize):]
	if len(body) == 0 || len(body)%aes.BlockSize != 0 {
		return nil, errCipher
	}
	out := make([]byte, len(body))
	cipher.NewCBCDecrypter(c, iv).CryptBlocks(out, body)
	pad := int(out[len(out)-1]) // §5.2.1: only the last byte says anything
	if pad == 0 || pad > aes.BlockSize {
		return nil, errCipher
	}
	return out[:len(out)-pad], nil
}
