package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

const envPrefix = "CLOUDSSO_"

// Variables that belong to others: the key-encryption key has a reader of its own
// (package keys), and the path of the file is read before the file.
var foreign = []string{"CLOUDSSO_KEK", "CLOUDSSO_KEK_FILE", "CLOUDSSO_CONFIG"}

// serviceLink matches what Kubernetes puts into every container of a namespace that has
// a service called cloudsso or cloudsso-something. Refusing these would keep the server
// from starting beside its own service.
var serviceLink = regexp.MustCompile(`^CLOUDSSO_(.+_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// readEnv takes the variables of this product out of an environment.
func readEnv(environ []string, known []field) *layer {
	l := newLayer()
	environ = slices.Sorted(slices.Values(environ)) // faults in a stable order
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) || value == "" || slices.Contains(foreign, name) {
			continue
		}
		f, fromFile, ok := byEnv(known, name)
		if !ok {
			if !serviceLink.MatchString(name) {
				l.fault(name, "", "%s", unknownEnv(name, known))
			}
			continue
		}
		if fromFile {
			b, err := readCapped(value)
			if err != nil {
				l.fault(name, f.key, "The file that should hold the value cannot be read: %v.", err)
				continue
			}
			value = strings.TrimRight(string(b), "\r\n")
		}
		if l.where[f.key] != "" {
			l.fault(name, f.key, "%s sets this as well. Keep one of them.", l.where[f.key])
			continue
		}
		l.text(name, f, value)
	}
	return l
}

// wantKEK reports a missing key-encryption key together with all other faults, although
// package keys reads it.
func (l *layer) wantKEK(environ []string) {
	for _, entry := range environ {
		if path, ok := strings.CutPrefix(entry, "CLOUDSSO_KEK_FILE="); ok && path != "" {
			if _, err := readCapped(path); err != nil {
				l.fault("CLOUDSSO_KEK_FILE", "kek", "The file that should hold the key-encryption key cannot be read: %v.", err)
			}
		}
	}
}

// text sets a key from a text value.
func (l *layer) text(where string, f field, value string) {
	v, ok := f.fromText(value)
	if !ok {
		l.fault(where, f.key, "Expected %s.", f.expects())
		return
	}
	l.set(where, f.key, v)
}

// byEnv finds the key of a variable. A key's own name wins over the _FILE rule:
// CLOUDSSO_OUTBOUND_CA_FILE is outbound.ca_file.
func byEnv(known []field, name string) (f field, fromFile, ok bool) {
	for _, suffix := range []string{"", "_FILE"} {
		for _, f := range known {
			if f.env()+suffix == name {
				return f, suffix != "", true
			}
		}
	}
	return field{}, false, false
}

func unknownEnv(name string, known []field) string {
	best, bestAt := "", 3
	for _, f := range known {
		if d := distance(name, f.env()); d < bestAt {
			best, bestAt = f.env(), d
		}
	}
	if best != "" {
		return "This variable is unknown. Did you mean " + best + "?"
	}
	return "This variable is unknown. Variables that start with CLOUDSSO_ are keys of the configuration."
}

// readFlags takes what the command line set. Keys are the configuration's own.
func readFlags(flags map[string]any, known []field) *layer {
	l := newLayer()
	for _, key := range slices.Sorted(maps.Keys(flags)) {
		where := "--" + strings.ReplaceAll(key, "_", "-")
		f, ok := find(known, key)
		if !ok {
			l.fault(where, key, "%s", unknownKey(key, known))
			continue
		}
		switch v := flags[key].(type) {
		case string:
			l.text(where, f, v)
		case bool:
			l.set(where, key, v)
		default:
			l.fault(where, key, "Expected %s.", f.expects())
		}
	}
	return l
}
