package login

import (
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strings"
	"time"
)

const (
	deviceTTL   = 180 * 24 * time.Hour
	deviceCount = 5  // accounts that one browser remembers
	deviceMAC   = 16 // bytes
)

// rememberDevice adds a mark for account to the browser's list. A mark is a time and
// a MAC over account and time: it names nobody, and works for this account only.
func (h *Handler) rememberDevice(w http.ResponseWriter, r *http.Request, account string) {
	old := h.knownDevice(r, account)
	var at [8]byte
	binary.BigEndian.PutUint64(at[:], uint64(h.now().Unix()))
	mac := h.mac.Sum([]byte("device"), []byte(account), at[:])
	marks := []string{base64.RawURLEncoding.EncodeToString(append(at[:], mac[:deviceMAC]...))}
	for _, m := range h.deviceMarks(r) {
		if m != old && len(marks) < deviceCount {
			marks = append(marks, m)
		}
	}
	h.setCookie(w, deviceCookie, strings.Join(marks, "."), deviceTTL)
}

// knownDevice returns the mark that shows that account has signed in on this browser
// before, "" if there is none.
func (h *Handler) knownDevice(r *http.Request, account string) string {
	for _, m := range h.deviceMarks(r) {
		raw, err := base64.RawURLEncoding.DecodeString(m)
		if err != nil || len(raw) != 8+deviceMAC {
			continue
		}
		at := time.Unix(int64(binary.BigEndian.Uint64(raw[:8])), 0)
		if h.now().Sub(at) < deviceTTL && h.mac.Verify(raw[8:], []byte("device"), []byte(account), raw[:8]) {
			return m
		}
	}
	return ""
}

// deviceMarks is what the browser sent, each mark at its exact length, no more than we
// ever give out.
func (h *Handler) deviceMarks(r *http.Request) []string {
	const length = (8 + deviceMAC) * 4 / 3
	var marks []string
	for m := range strings.SplitSeq(h.cookie(r, deviceCookie), ".") {
		if len(m) == length && len(marks) < deviceCount {
			marks = append(marks, m)
		}
	}
	return marks
}
