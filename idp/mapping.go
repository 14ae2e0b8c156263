package idp

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Mapping makes one claim or SAML attribute out of what a directory says about a person. In
// JSON the four sources are one member: "from" is the name of a directory attribute, or
// an object with cel, template or constant. idp/mapping says what the steps do, and in which order.
type Mapping struct {
	Name string `json:"name" minLength:"1" maxLength:"256" doc:"As the app sees it; case is kept. For claims a dot makes nested objects; \\. is a dot in a name."`

	From     string          `json:"-"` // directory attribute; exactly one of the four is set
	CEL      string          `json:"-"` // expression
	Template string          `json:"-"` // text with {{attribute}}
	Constant json.RawMessage `json:"-"` // any JSON but null

	Split   string            `json:"split,omitempty" maxLength:"256" doc:"Step 1: takes texts apart at this separator; spaces around the parts go. The outcome is a list."`
	Map     map[string]string `json:"map,omitempty" maxProperties:"500" doc:"Step 2: exchanges values. * stands for every other one; without it they are dropped, and repeated ones always are."`
	First   bool              `json:"first,omitempty" doc:"Step 3: keeps the first value only."`
	Lower   bool              `json:"lower,omitempty" doc:"Step 4: texts in lower case."`
	Upper   bool              `json:"upper,omitempty" doc:"Step 4: texts in upper case."`
	Date    *DateForm         `json:"date,omitempty" doc:"Step 5: writes dates and times in another form. What is none is dropped."`
	Default string            `json:"default,omitempty" maxLength:"1024" doc:"Step 6: the value if there is none so far."`
	Join    string            `json:"join,omitempty" maxLength:"256" doc:"Step 7: joins several values into one text with this separator."`
	Type    string            `json:"type,omitempty" enum:"string,number,boolean,json,array" doc:"Step 8: the JSON type of each value; what does not fit is dropped. array: a list even of one value. json: a text that holds JSON becomes what it says; in SAML, where there is only text, a structured value becomes JSON text. Default: as the directory gives it."`

	Required     bool   `json:"required,omitempty" doc:"Without a value the sign-in to this app is refused, and the trace says which row was empty."`
	Format       string `json:"format,omitempty" maxLength:"256" doc:"SAML NameFormat: basic, uri, unspecified, or any other as an absolute URI. Default: uri when name starts with urn:oid:, basic otherwise."`
	FriendlyName string `json:"friendly_name,omitempty" maxLength:"256" doc:"SAML FriendlyName."`
}

// DateForm says how dates and times are read and written.
type DateForm struct {
	In  string `json:"in,omitempty" maxLength:"64" doc:"rfc3339, date (YYYY-MM-DD), unix (seconds since 1970), ldap (generalized time), or a pattern of YYYY MM DD HH mm ss such as DD.MM.YYYY. Times without a zone are UTC. Default: any of the first four."`
	Out string `json:"out,omitempty" maxLength:"64" doc:"As in. unix is a number in claims. Default rfc3339."`
}

// source is the object form of "from". Attribute is in it only to lose nothing.
type source struct {
	Attribute string          `json:"attribute,omitempty"`
	CEL       string          `json:"cel,omitempty"`
	Template  string          `json:"template,omitempty"`
	Constant  json.RawMessage `json:"constant,omitempty"`
}

type plainMapping Mapping

// MarshalJSON implements json.Marshaler.
func (m Mapping) MarshalJSON() ([]byte, error) {
	var from any = m.From
	if m.CEL != "" || m.Template != "" || len(m.Constant) > 0 {
		from = source{m.From, m.CEL, m.Template, m.Constant}
	}
	return json.Marshal(struct {
		From any `json:"from"`
		plainMapping
	}{from, plainMapping(m)})
}

// UnmarshalJSON implements json.Unmarshaler. Members that are unknown are left to whoever
// holds the document against its schema.
func (m *Mapping) UnmarshalJSON(b []byte) error {
	var in struct {
		From json.RawMessage `json:"from"`
		plainMapping
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*m = Mapping(in.plainMapping)
	switch {
	case len(in.From) == 0 || string(in.From) == "null":
		return nil
	case in.From[0] == '"':
		return json.Unmarshal(in.From, &m.From)
	case in.From[0] != '{':
		return errors.New("from must be the name of a directory attribute, or an object with cel, template or constant")
	}
	d := json.NewDecoder(bytes.NewReader(in.From))
	d.DisallowUnknownFields()
	var s source
	if err := d.Decode(&s); err != nil {
		return err
	}
	m.From, m.CEL, m.Template, m.Constant = s.Attribute, s.CEL, s.Template, s.Constant
	return nil
}
