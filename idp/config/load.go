package config

import (
	"reflect"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// Sources says where the configuration comes from.
type Sources struct {
	File  string         // path of the YAML file, "" for none
	Env   []string       // as os.Environ gives it
	Flags map[string]any // by key, only those that were given

	// DataOnly is for commands that work on the data folder: they do not need to know
	// the issuer. One that is given must still be right.
	DataOnly bool

	// Directory looks at what only the directory's own code can judge (a filter, a query):
	// the key at fault, such as "ldap.user_filter", and what is wrong; "" if nothing is. It
	// asks nobody anything. nil: nothing is looked at.
	Directory func(Directory) (field, problem string)
}

// Load reads, merges and validates: defaults < file < environment < flags. The error
// is a [Faults] with everything that is wrong.
func Load(src Sources) (Config, error) {
	known := fields()
	layers := []*layer{
		defaults(known),
		readFile(src.File, known),
		readEnv(src.Env, known),
		readFlags(src.Flags, known),
	}
	if !src.DataOnly { // what works on the data alone needs no key
		layers[2].wantKEK(src.Env)
	}
	k, where := koanf.New("."), map[string]string{}
	var faults Faults
	for _, l := range layers {
		if err := k.Load(confmap.Provider(l.values, "."), nil); err != nil {
			return Config{}, err
		}
		for key, at := range l.where {
			where[key] = at
		}
		faults = append(faults, l.faults...)
	}
	var c Config
	if err := k.UnmarshalWithConf("", &c, koanf.UnmarshalConf{Tag: "json"}); err != nil {
		return Config{}, err
	}
	v := &validator{Config: &c, where: where, dataOnly: src.DataOnly, directory: src.Directory}
	v.complete()
	if !layers[1].whole() { // what a broken file may have set, nobody can miss yet
		v.check()
	}
	if faults = append(faults, v.faults...); len(faults) > 0 {
		return Config{}, dedupe(faults)
	}
	return c, nil
}

func defaults(known []field) *layer {
	l := newLayer()
	for _, f := range known {
		if d, ok := f.tag.Lookup("default"); ok {
			l.values[f.key], _ = f.fromText(d)
		} else if f.typ.Kind() == reflect.Slice {
			l.values[f.key] = []any{}
		}
	}
	return l
}

// dedupe keeps the first fault of a place: a key that could not be read has its
// default, and what validation says about that would only confuse.
func dedupe(faults Faults) Faults {
	seen := map[string]bool{}
	var out Faults
	for _, f := range faults {
		if f.Key != "" && seen[f.Key] {
			continue
		}
		seen[f.Key] = true
		item, _, _ := strings.Cut(f.Key, "].")
		seen[item+"]"] = true // directories[0].kind speaks for directories[0]
		out = append(out, f)
	}
	return out
}
