package login

import (
	"context"
	"encoding/base64"
	"time"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// unlockWindow is as long as the longest window that an account waits for.
const unlockWindow = time.Hour

// Unlock lets whoever signs in as login try again at once, although an account or a
// browser of theirs has used up its tries. It gives as many tries again, not any number,
// so that whoever is guessing meanwhile gains little.
func (h *Handler) Unlock(ctx context.Context, login string) error {
	_, err := h.flows.Count(ctx, h.unlockKey(idp.FoldUsername(userdir.Username(login))), unlockWindow)
	return err
}

// unlocked is the bound of a full window after what admins have unlocked. Only who would
// be blocked pays for the read.
func (h *Handler) unlocked(ctx context.Context, account string, most int) (int, error) {
	n, err := h.flows.Counted(ctx, h.unlockKey(account))
	return most * (1 + n), err
}

func (h *Handler) unlockKey(account string) string {
	sum := h.mac.Sum([]byte("unlock"), []byte(account))
	return "login/unlock/" + base64.RawURLEncoding.EncodeToString(sum[:16])
}
