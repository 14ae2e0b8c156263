package api

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"cloudsso/idp"
)

const (
	idempotencyHeader = "Idempotency-Key"
	maxIdempotencyKey = 255
	ticketIdempotency = "idempotency"
	idempotencyTTL    = 24 * time.Hour
)

// remembered is what is kept of a request with an Idempotency-Key.
type remembered struct {
	Request []byte `json:"request"`          // SHA-256 of method, path and body
	Answer  []byte `json:"answer,omitempty"` // sealed; empty: still being worked on
}

// given is an answer as it was given.
type given struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"`
}

// idempotent carries out a POST with an Idempotency-Key once: whoever did not hear the
// answer asks again and gets it. A request that failed is forgotten, so that it can be
// repeated; of one whose node went down in the middle nobody knows, so it is not.
func (a *Admin) idempotent(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, token := r.Header.Get(idempotencyHeader), bearer(r.Header.Get("Authorization"))
		if r.Method != http.MethodPost || key == "" || len(key) > maxIdempotencyKey {
			next.ServeHTTP(w, r) // a key that is too long is refused there
			return
		}
		if _, err := a.Authenticate(r.Context(), token); err != nil {
			next.ServeHTTP(w, r) // says so, and nothing is written for a stranger
			return
		}
		if err := a.once(w, r, next, key, token); err != nil {
			writeProblemTo(w, problemOf(r.Context(), err))
		}
	})
}

// once answers from memory, or carries the request out and remembers the answer.
func (a *Admin) once(w http.ResponseWriter, r *http.Request, next http.Handler, key, token string) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return idp.Errorf(idp.Invalid, "The body could not be read: it is too long, or it was cut off.").Because(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	ctx := r.Context()
	t, mine, err := a.claim(ctx, idp.HashSecret(token+"\x00"+key), fingerprint(r, body))
	if err != nil {
		return err
	}
	if !mine {
		return a.repeat(w, t, fingerprint(r, body), answerKey(token, key))
	}
	// The answer must be remembered though the caller has gone: they will ask again.
	ctx = context.WithoutCancel(ctx)
	kept := &keeping{ResponseWriter: w, status: http.StatusOK}
	done := false
	defer func() {
		if !done {
			_, err := a.Tickets.TakeTicket(ctx, t.Kind, t.ID)
			a.noteForgotten(ctx, err)
		}
	}()
	next.ServeHTTP(kept, r)
	if kept.status/100 != 2 {
		return nil
	}
	done = true
	a.noteForgotten(ctx, a.remember(ctx, t, kept, answerKey(token, key)))
	return nil
}

// noteForgotten: the request is carried out and answered; that its repetition will hear
// something else is for the log.
func (a *Admin) noteForgotten(ctx context.Context, err error) {
	if err != nil && !errors.Is(err, idp.ErrNotFound) {
		idp.Note(ctx, slog.String("idempotency", err.Error()))
	}
}

func fingerprint(r *http.Request, body []byte) []byte {
	h := sha256.New()
	for _, part := range []string{r.Method, r.URL.RequestURI(), string(body)} {
		one := sha256.Sum256([]byte(part))
		h.Write(one[:])
	}
	return h.Sum(nil)
}

// claim makes this request the one that is carried out, or finds what came of that.
func (a *Admin) claim(ctx context.Context, id string, request []byte) (t idp.Ticket, mine bool, err error) {
	data, err := json.Marshal(remembered{Request: request})
	if err != nil {
		return t, false, err
	}
	t = idp.Ticket{Kind: ticketIdempotency, ID: id, Data: data, Version: 1, CreatedAt: a.now(), ExpiresAt: a.now().Add(idempotencyTTL)}
	switch err := a.Tickets.CreateTicket(ctx, t); {
	case err == nil:
		return t, true, nil
	case !errors.Is(err, idp.ErrConflict):
		return t, false, err
	}
	t, err = a.Tickets.Ticket(ctx, ticketIdempotency, id)
	if errors.Is(err, idp.ErrNotFound) {
		err = errStillWorking // it failed just now, and was forgotten
	}
	return t, false, err
}

var errStillWorking = idp.Errorf(idp.Conflict, "A request with this Idempotency-Key is being worked on, or was cut off. Ask again in a moment; if it goes on, look whether it took effect, and use another key.").On("header." + idempotencyHeader)

// repeat gives the first answer again.
func (a *Admin) repeat(w http.ResponseWriter, t idp.Ticket, request, key []byte) error {
	var m remembered
	if err := json.Unmarshal(t.Data, &m); err != nil {
		return err
	}
	switch {
	case !bytes.Equal(m.Request, request):
		return idp.Errorf(idp.Invalid, "This Idempotency-Key was used for another request. Use a new key for each request.").On("header." + idempotencyHeader)
	case m.Answer == nil:
		return errStillWorking
	}
	plain, err := openAnswer(key, m.Answer)
	if err != nil {
		return err
	}
	var g given
	if err := json.Unmarshal(plain, &g); err != nil {
		return err
	}
	for name, values := range g.Header {
		w.Header()[name] = values
	}
	w.Header().Set("Idempotent-Replayed", "true")
	w.WriteHeader(g.Status)
	w.Write(g.Body) // a caller who is gone is not an error
	return nil
}

// remember keeps the answer. Attack: it may hold a new secret, and whoever reads the
// store reads it. Decision: it is sealed with a key made of the caller's token and their
// Idempotency-Key, of which we keep no more than hashes.
func (a *Admin) remember(ctx context.Context, t idp.Ticket, k *keeping, key []byte) error {
	var m remembered
	if err := json.Unmarshal(t.Data, &m); err != nil {
		return err
	}
	plain, err := json.Marshal(given{k.status, k.header, k.body.Bytes()})
	if err != nil {
		return err
	}
	if m.Answer, err = sealAnswer(key, plain); err != nil {
		return err
	}
	if t.Data, err = json.Marshal(m); err != nil {
		return err
	}
	return a.Tickets.UpdateTicket(ctx, t)
}

func answerKey(token, key string) []byte {
	m := hmac.New(sha256.New, []byte(token))
	m.Write([]byte("idempotent answer\x00" + key))
	return m.Sum(nil)
}

func answerCipher(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func sealAnswer(key, plain []byte) ([]byte, error) {
	aead, err := answerCipher(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	return aead.Seal(nonce, nonce, plain, nil), nil
}

func openAnswer(key, sealed []byte) ([]byte, error) {
	aead, err := answerCipher(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("a remembered answer is too short")
	}
	return aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], nil)
}

// keeping copies an answer while it is given.
type keeping struct {
	http.ResponseWriter
	status int
	header http.Header
	body   bytes.Buffer
}

func (k *keeping) WriteHeader(status int) {
	k.status, k.header = status, k.Header().Clone()
	k.ResponseWriter.WriteHeader(status)
}

func (k *keeping) Write(b []byte) (int, error) {
	if k.header == nil {
		k.header = k.Header().Clone()
	}
	k.body.Write(b)
	return k.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (k *keeping) Unwrap() http.ResponseWriter { return k.ResponseWriter }
