package config

import (
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with the configuration.
type Fault struct {
	Where   string // "cloudsso.yaml:3", "CLOUDSSO_LISTEN", "--listen", or "" if nobody set the key
	Key     string // "outbound.allow_hosts", or "" for a fault of the whole file
	Problem string // what is wrong and what is expected; never a secret value
}

func (f Fault) String() string {
	parts := []string{f.Where, f.Key, f.Problem}
	if f.Where == f.Key || f.Where == "" {
		parts = parts[1:]
	}
	if f.Key == "" {
		parts = []string{f.Where, f.Problem}
	}
	return strings.Join(parts, ": ")
}

// Faults is the error of [Load]: everything that is wrong, in one message.
type Faults []Fault

func (fs Faults) Error() string {
	var b strings.Builder
	if len(fs) == 1 {
		b.WriteString("The configuration has a fault:")
	} else {
		fmt.Fprintf(&b, "The configuration has %d faults:", len(fs))
	}
	for _, f := range fs {
		b.WriteString("\n  " + f.String())
	}
	return b.String()
}

// nearest returns the known key that an unknown one was probably meant to be.
func nearest(key string, known []field) string {
	best, bestAt := "", 3
	for _, f := range known {
		if d := distance(key, f.key); d < bestAt {
			best, bestAt = f.key, d
		}
	}
	return best
}

// distance is the Levenshtein distance.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func unknownKey(key string, known []field) string {
	if n := nearest(key, known); n != "" {
		return "This key is unknown. Did you mean " + n + "?"
	}
	return "This key is unknown. \"cloudsso config schema\" lists the known ones."
}
