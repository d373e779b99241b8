package netrc

import "testing"

func TestParse(t *testing.T) {
	for text, want := range map[string]Login{
		"machine h login a password b":                          {"a", "b", false},
		"machine other login x password y machine h login a":    {"a", "", false},
		"machine H\nlogin a\naccount z\npassword b\n":           {"a", "b", false},
		"machine h password b":                                  {"", "b", false},
		"default login a password b":                            {"a", "b", true},
		"machine h login a password b\ndefault login c":         {"a", "b", false},
		"# machine h login x\nmachine h login a password b # c": {"a", "b", false},
		"macdef x\nmachine h login x\n\nmachine h login a":      {"a", "", false},
		`machine h login "a b" password "c\"d\\"`:               {"a b", `c"d\`, false},
		"machine h\nmachine h login a":                          {"a", "", false},
		"machine other login x":                                 {},
		"machine":                                               {},
		"machine h":                                             {},
		"machine h login":                                       {},
		"default":                                               {},
		"":                                                      {},
		"login a password b":                                    {},
	} {
		got, ok := parse(text, "h")
		if got != want || ok != (want != Login{}) {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, ok, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("machine h login a password \"b c\"\nmacdef x\n\ndefault login d")
	f.Fuzz(func(t *testing.T, text string) {
		if found, ok := parse(text, "h"); ok && found.User == "" && found.Password == "" {
			t.Errorf("%q: an empty login", text)
		}
	})
}
