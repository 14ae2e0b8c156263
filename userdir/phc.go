package userdir

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// errPHC never repeats the hash: it may end in a log.
var errPHC = errors.New("not an argon2id hash in PHC form ($argon2id$v=19$m=…,t=…,p=…$salt$hash) within the limits")

// ours is how the hashes begin that we make.
const ours = "$argon2id$"

const (
	saltSize = 16
	sumSize  = 32
)

// params are the costs of one evaluation. memory is in KiB.
type params struct {
	memory, time uint32
	threads      uint8
}

// today is OWASP's first choice for argon2id: 19 MiB, two passes.
func today() params { return params{memory: 19 << 10, time: 2, threads: 1} }

// most is what an imported hash may cost: 256 MiB, and one gibibyte passed over. Whoever
// can write a hash (an import, a file) must not be able to stop the process with it.
const (
	mostMemory  = 256 << 10
	mostTime    = 16
	mostThreads = 16
	mostWork    = 1 << 20 // memory × time
)

func (p params) affordable() bool {
	return p.threads >= 1 && p.threads <= mostThreads && p.time >= 1 && p.time <= mostTime &&
		p.memory >= 8*uint32(p.threads) && p.memory <= mostMemory && p.memory*p.time <= mostWork
}

// phc is one hash in the form of the Password Hashing Competition.
type phc struct {
	params
	salt, sum []byte
}

func (h phc) weak() bool {
	now := today()
	return h.memory < now.memory || h.time < now.time || len(h.sum) < sumSize || len(h.salt) < saltSize
}

func (h phc) String() string {
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.time, h.threads, enc(h.salt), enc(h.sum))
}

func parsePHC(s string) (h phc, err error) {
	parts := strings.Split(s, "$")
	if strings.ContainsAny(s, "\r\n") { // which the base64 decoder would skip
		return phc{}, errPHC
	}
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errPHC
	}
	costs := strings.Split(parts[3], ",")
	if len(costs) != 3 {
		return phc{}, errPHC
	}
	var errs [5]error
	h.memory, errs[0] = cost[uint32](costs[0], "m=", 32)
	h.time, errs[1] = cost[uint32](costs[1], "t=", 32)
	h.threads, errs[2] = cost[uint8](costs[2], "p=", 8)
	h.salt, errs[3] = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	h.sum, errs[4] = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	within := func(b []byte, least, most int) bool { return len(b) >= least && len(b) <= most }
	if errors.Join(errs[:]...) != nil || !h.affordable() || !within(h.salt, 8, 64) || !within(h.sum, 16, 64) {
		return phc{}, errPHC
	}
	return h, nil
}

func cost[T uint8 | uint32](s, name string, bits int) (T, error) {
	digits, ok := strings.CutPrefix(s, name)
	if !ok {
		return 0, errPHC
	}
	n, err := strconv.ParseUint(digits, 10, bits)
	return T(n), err
}
