package userdir

import (
	"slices"
	"sync"
	"time"
)

// cache remembers what a directory said about people, by id and then by profile.
type cache struct {
	ttl  time.Duration
	size int

	mu     sync.Mutex
	people map[string]map[string]remembered
}

type remembered struct {
	user User
	at   time.Time // asked at
}

func newCache(ttl time.Duration, size int) *cache {
	return &cache{ttl: ttl, size: size, people: make(map[string]map[string]remembered)}
}

func (c *cache) get(ref Ref, now time.Time) (User, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.people[ref.ID][ref.Profile]
	if !ok || !c.young(r, now) {
		return User{}, false
	}
	return own(r.user), true
}

func (c *cache) young(r remembered, now time.Time) bool {
	age := now.Sub(r.at)
	return age >= 0 && age < c.ttl
}

// put remembers u unless something newer is remembered already.
func (c *cache) put(profile string, u User, at time.Time) {
	if c.ttl < 0 || u.ID == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.people[u.ID][profile].at.After(at) {
		return
	}
	c.room(at)
	if c.people[u.ID] == nil {
		c.people[u.ID] = make(map[string]remembered)
	}
	c.people[u.ID][profile] = remembered{own(u), at}
}

// renew is put after a sign-in: what other profiles said before it is forgotten.
func (c *cache) renew(u User, at time.Time) {
	c.mu.Lock()
	for profile, r := range c.people[u.ID] {
		if !r.at.After(at) {
			delete(c.people[u.ID], profile)
		}
	}
	c.mu.Unlock()
	c.put("", u, at)
}

func (c *cache) drop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.people, id)
}

// room forgets the old when there are too many, and everybody if that is not enough:
// asking again is cheap, and a list in order of use is more than that is worth.
func (c *cache) room(now time.Time) {
	if len(c.people) < c.size {
		return
	}
	for id, profiles := range c.people {
		for profile, r := range profiles {
			if !c.young(r, now) {
				delete(profiles, profile)
			}
		}
		if len(profiles) == 0 {
			delete(c.people, id)
		}
	}
	if len(c.people) >= c.size {
		clear(c.people)
	}
}

// own is a copy that shares nothing with u.
func own(u User) User {
	u.Attributes, u.Groups = cloneAttributes(u.Attributes), slices.Clone(u.Groups)
	return u
}
