package userdir

import (
	"sync"
	"time"
)

// health is what one call told about a directory.
type health int

const (
	silent health = iota // nothing
	alive
	dead
)

// circuit is closed while calls are answered. After several failures in a row it is
// open: nobody calls. After the cooldown one call tries; its answer closes the circuit,
// its failure opens it again.
type circuit struct {
	failures int
	cooldown time.Duration

	mu      sync.Mutex
	failed  int // in a row
	until   time.Time
	probing bool
}

func (c *circuit) admit(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.failed < c.failures:
		return true
	case c.probing || now.Before(c.until):
		return false
	}
	c.probing = true
	return true
}

// settle returns "open" or "closed" when the circuit became that.
func (c *circuit) settle(h health, now time.Time) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.failed >= c.failures
	c.probing = false
	switch h {
	case alive:
		c.failed = 0
	case dead:
		c.failed++
		c.until = now.Add(c.cooldown)
	}
	switch is := c.failed >= c.failures; {
	case is && !was:
		return "open"
	case was && !is:
		return "closed"
	}
	return ""
}
