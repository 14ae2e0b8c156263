package pwhash_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"cloudsso/userdir/pwhash"
)

// keycloak is one credential of a realm export.
func keycloak(value, salt, how string) string {
	quote := strings.NewReplacer(`"`, `\"`)
	return `{"type":"password","secretData":"` + quote.Replace(`{"value":"`+value+`","salt":"`+salt+`","additionalParameters":{}}`) + `","credentialData":"` + quote.Replace(how) + `"}`
}

const argon2salt = "c29tZXNhbHQ=" // "somesalt"

// published are hashes with their passwords, from the systems' own tests and documents
// where a line does not say otherwise.
var published = []struct{ name, hash, password string }{
	{"argon2i (the reference implementation)", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8", "password"},
	{"argon2id, as OpenLDAP keeps it", "{ARGON2}$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"},
	{"argon2id (the reference implementation)", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"},
	{"bcrypt 2a (Openwall)", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
	{"bcrypt 2b", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
	{"bcrypt 2y, as an LDAP server keeps it", "{CRYPT}$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
	{"bcrypt-sha256 (passlib)", "$bcrypt-sha256$v=2,t=2b,r=5$5Hg1DKFqPE8C2aflZ5vVoe$wOK1VFFtS8IGTrGa7.h5fs0u84qyPbS", "password"},
	{"PBKDF2-SHA-256 (passlib)", "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ", "password"},
	{"PBKDF2-SHA-256 of Dovecot's form", "{PBKDF2-SHA256}1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ", "password"},
	{"PBKDF2-SHA-1 (passlib)", "$pbkdf2$1212$OB.dtnSEXZK8U5cgxU/GYQ$y5LKPOplRmok7CZp/aqVDVg8zGI", "password"},
	{"scrypt (RFC 7914 §12)", "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA", "password"},
	{"yescrypt (libxcrypt)", "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$zwtVrjrUCmXcyLTs6oxLTQlzifSUkF8RHJ./tK5KU79", "correct horse"}, // made by crypt(3) of Debian 12
	{"yescrypt (openwall)", "$y$j75$z7ztFz2FayrKI79/jEwlL.$u5x/j193MQ09wbFaRGYr0AH/A/jh3kunjuhYRVRNkmC", "test1"},
	{"SHA-256-crypt (its specification)", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", "Hello world!"},
	{"SHA-512-crypt (its specification)", "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1", "Hello world!"},
	{"SHA-512-crypt with rounds (its specification)", "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.", "Hello world!"},
	{"MD5-crypt (passlib)", "$1$dOHYPKoP$tnxS1T8Q6VVn3kpV8cN6o.", ""},
	{"MD5-crypt (passlib), a space", "{CRYPT}$1$m/5ee7ol$bZn0kIBFipq39e.KDXX8I0", " "},
	{"SHA-1-crypt (passlib)", "$sha1$19703$iVdJqfSE$v4qYKl1zqYThwpjJAoKX6UvlHq/a", "password"},

	{"{SSHA} (passlib)", "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr", "testing123"},
	{"{SSHA}, salt of 8 bytes (passlib)", "{SSHA}P90+qijSp8MJ1tN25j5o1PflUvlqjXHOGeOckw==", "test"},
	{"{SSHA}, salt of 16 bytes (passlib)", "{SSHA}Pfx6Vf48AT9x3FVv8znbo8WQkEVSipHSWovxXmvNWUvp/d/7", "test"},
	{"{SMD5} (passlib)", "{SMD5}UjFY34os/pnZQ3oQOzjqGu4yeXE=", "testing1234"},
	{"{SHA} (passlib)", "{SHA}at+xg6SiyUovktq1redipHiJpaE=", "helloworld"},
	{"{MD5} (passlib)", "{MD5}/F4DjTilcDIIVEHn/nAQsA==", "helloworld"},
	{"{SSHA256} (Python's hashlib)", "{SSHA256}Y5vD+Iq3CpVfgnuNwvKU1Ho4qGx15uzJc99ko3CD7h8AAQIDBAUGBw==", "correct horse"},
	{"{SSHA384} (Python's hashlib)", "{SSHA384}1a2Kp+M1yJN/sIw0MvjwS6Y8by9Yh6L8lClmcFW85LdjbrTff4rNgfD083euh9K7AAECAwQFBgc=", "correct horse"},
	{"{SSHA512} (Python's hashlib)", "{SSHA512}SGN41g/7Nh5fW1caq7+OFLY1bStmyjRGeqqYToVdk0I9L+xm2+jSyFnhDNYpXUOOGQ9nETeYvQasgfmOQKvGSAABAgMEBQYH", "correct horse"},

	{"phpass", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "test12345"},
	{"phpass of phpBB", "$H$9aaaaaSXBjgypwqm.JsMssPLiS8YQ00", "test1"},

	{"Django PBKDF2-SHA-256", "pbkdf2_sha256$10000$seasalt$CWWFdHOWwPnki7HvkcqN9iA2T3KLW1cf2uZ5kvArtVY=", "lètmein"},
	{"Django PBKDF2-SHA-1 (Python's hashlib)", "pbkdf2_sha1$10000$seasalt2$N7hRfuxM6rtpHfhC4Nno2iyXeNo=", "lètmein"},
	{"Django scrypt", "scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==", "lètmein"},
	{"Django scrypt, five lanes", "scrypt$16384$seasalt$8$5$ECMIUp+LMxMSK8xB/IVyba+KYGTI7FTnet025q/1f/vBAVnnP3hdYqJuRi+mJn6ji6ze3Fbb7JEFPKGpuEf5vw==", "lètmein"},
	{"Django argon2", "argon2$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"},
	{"Django bcrypt", "bcrypt$$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
	{"Django bcrypt over SHA-256 (x/crypto)", "bcrypt_sha256$$2a$05$NcZgXbKy3pn9Nfo2b0rp/e9lu.JsN/QWQKtN9RY9cae6H.7FFr61y", "lètmein"},

	{"Keycloak PBKDF2-SHA-256 (Python's hashlib)", keycloak("qnA427fe69fAjkevcHZvnm7vp3MewnxKL4g2WLfI7U6teQVH1eR2L5DfcV0psPIfjGPtlZbkpnogYX+2TaSl6w==", "AAECAwQFBgcICQoLDA0ODw==", `{"hashIterations":27500,"algorithm":"pbkdf2-sha256","additionalParameters":{}}`), "correct horse"},
	{"Keycloak PBKDF2-SHA-512 (Python's hashlib)", keycloak("strOfPbEJlYxI+pDQ6puu2pum8jkqjEdmZWvpgb5xVfLmEDywC36KsFF4CvndJLLHalxszQJNyfuktxXUzFXIQ==", "AAECAwQFBgcICQoLDA0ODw==", `{"hashIterations":27500,"algorithm":"pbkdf2-sha512","additionalParameters":{}}`), "correct horse"},
	{"Keycloak PBKDF2-SHA-1 (Python's hashlib)", keycloak("nHWIZA5Y/y/XNlKwqeOMhezm/j6UdlqJVSl4l5Av0UwB/R5hgVo5saU4c0Bf0T4xNJ8bK62MaCZrQcz5f/drPg==", "AAECAwQFBgcICQoLDA0ODw==", `{"hashIterations":27500,"algorithm":"pbkdf2","additionalParameters":{}}`), "correct horse"},
	{"Keycloak argon2 (the reference implementation's vector)", keycloak("nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4=", argon2salt, `{"hashIterations":2,"algorithm":"argon2","additionalParameters":{"hashLength":["32"],"memory":["256"],"type":["id"],"version":["1.3"],"parallelism":["1"]}}`), "password"},

	{"ASP.NET Identity v2", "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==", "my password"},
	{"ASP.NET Identity v3, SHA-1", "AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M", "my password"},
	{"ASP.NET Identity v3, SHA-256", "AQAAAAEAA9CQAAAAIESkQuj2Du8Y+kbc5lcN/W/3NiAZFEm11P27nrSN5/tId+bR1SwV8CO1Jd72r4C08OLvplNlCDc3oQZ8efcW+jQ=", "my password"},
	{"ASP.NET Identity v3, SHA-512", "AQAAAAIAAAD6AAAAIJbVi5wbMR+htSfFp8fTw8N8GOS/Sje+S/4YZcgBfU7EQuqv4OkVYmc4VJl9AGZzmRTxSkP7LtVi9IWyUxX8IAAfZ8v+ZfhjCcudtC1YERSqE1OEdXLW9VukPuJWBBjLuw==", "my password"},

	{"Firebase (its own documentation)", "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==", "user1password"},
	{"Firebase (Supabase)", "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw==", "mytestpassword"},
}

func TestPublishedHashes(t *testing.T) {
	t.Parallel()
	for _, c := range published {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, err := pwhash.Parse(c.hash)
			if err != nil {
				t.Fatal(err)
			}
			if !h.Matches(c.password) {
				t.Error("the right password is refused")
			}
			for _, wrong := range []string{c.password + "x", strings.ToUpper(c.password) + "!", "wrong"} {
				if h.Matches(wrong) {
					t.Errorf("the password %q is taken", wrong)
				}
			}
			if h.Memory() == 0 {
				t.Error("no memory is said to be needed")
			}
		})
	}
}

// TestBombsAreRefusedBeforeAnythingIsComputed: each of these would take gigabytes or
// minutes. That the test ends at once is part of what it says.
func TestBombsAreRefusedBeforeAnythingIsComputed(t *testing.T) {
	t.Parallel()
	b64 := base64.StdEncoding.EncodeToString
	for name, hash := range map[string]string{
		"argon2id with 4 GiB":                "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"argon2i with a million passes":      "$argon2i$v=19$m=65536,t=1000000,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"argon2d with 200 lanes":             "$argon2d$v=19$m=65536,t=1,p=200$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"argon2id without costs":             "$argon2id$v=19$p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"argon2id with a cost twice":         "$argon2id$v=19$m=64,m=4194304,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"bcrypt with cost 31":                "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"bcrypt-sha256 with cost 31":         "$bcrypt-sha256$v=2,t=2b,r=31$oYmTNJVOBi3hdhUYy4JqOe$jCuMDm.Pw9hhoF/FDC6sOi48yBAoWvC",
		"PBKDF2 with a billion iterations":   "$pbkdf2-sha256$999999999$aoWHXwyz0im1Hqg93.N.tA$bO5LsjmnnPle2Xm9RE6W1PMWdJTy1TnEia1TLzynuIQ",
		"PBKDF2 with an output of 800 bytes": "$pbkdf2-sha256$1000$aoWHXwyz0im1Hqg93.N.tA$" + strings.Repeat("AAAA", 260),
		"scrypt with N = 2^24":               "$scrypt$ln=24,r=8,p=1$ySYknWRq9On6wWfpsOUQQg$C28LpWaXQ3P0/dcbN0njxJx4VL/UCQIAWlnYAJgT/mY",
		"scrypt with r = 1,000,000":          "$scrypt$ln=4,r=1000000,p=1$ySYknWRq9On6wWfpsOUQQg$C28LpWaXQ3P0/dcbN0njxJx4VL/UCQIAWlnYAJgT/mY",
		"scrypt with p = 1,000,000":          "$scrypt$ln=14,r=8,p=1000000$ySYknWRq9On6wWfpsOUQQg$C28LpWaXQ3P0/dcbN0njxJx4VL/UCQIAWlnYAJgT/mY",
		"yescrypt with N = 2^24":             "$y$jMT$F5Jx5fExrKuPp53xLKQ..1$zwtVrjrUCmXcyLTs6oxLTQlzifSUkF8RHJ./tK5KU79",
		"SHA-512-crypt, a billion rounds":    "$6$rounds=999999999$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO/O817G3uBnIFNjnQJuesI68OTLiBFdcbYEdFCoEOfaS35inz1",
		"SHA-1-crypt, 4 billion rounds":      "$sha1$4294967295$iVdJqfSE$v4qYKl1zqYThwpjJAoKX6UvlHq/a",
		"Sun's MD5-crypt":                    "$md5,rounds=4294963199$ZLwtuT30$$oKLvGUtd0t7qZz1sIVTMx/",
		"phpass with 2^30 rounds":            "$P$SIQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0",
		"Django's PBKDF2, a billion":         "pbkdf2_sha256$999999999$seasalt$CWWFdHOWwPnki7HvkcqN9iA2T3KLW1cf2uZ5kvArtVY=",
		"Django's scrypt with N = 2^29":      "scrypt$536870912$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==",
		"Django's bcrypt with cost 31":       "bcrypt_sha256$$2a$31$/3OeRpbOf8/l6nPPRdZPp.nRiyYqPobEZGdNRBWihQhiFDh1ws1tu",
		"Keycloak with 2 billion":            keycloak(b64(make([]byte, 64)), b64(make([]byte, 16)), `{"hashIterations":2000000000,"algorithm":"pbkdf2-sha256"}`),
		"Keycloak, a negative count":         keycloak(b64(make([]byte, 64)), b64(make([]byte, 16)), `{"hashIterations":-1,"algorithm":"pbkdf2-sha256"}`),
		"Keycloak's argon2 with 4 GiB":       keycloak("nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4=", argon2salt, `{"hashIterations":2,"algorithm":"argon2","additionalParameters":{"memory":["4194304"],"type":["id"],"version":["1.3"],"parallelism":["1"]}}`),
		"ASP.NET v3 with 4 billion":          b64(append([]byte{1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 16}, make([]byte, 48)...)),
		"Firebase with n = 24":               "$fbscrypt$v=1,n=24,r=8,p=1,ss=Bw==,sk=AAAA$42xEC+ixf3L2lw==$AAAA",
	} {
		if _, err := pwhash.Parse(hash); !errors.Is(err, pwhash.ErrHash) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhatIsNoHashMatchesNothing: a plain password in the place of a hash above all.
func TestWhatIsNoHashMatchesNothing(t *testing.T) {
	t.Parallel()
	for name, hash := range map[string]string{
		"nothing": "", "a password": "hunter2", "a password of 64 characters": strings.Repeat("correct!", 8), "base64 of nothing known": "c2VjcmV0",
		"a DES crypt": "dQ58WW.1980Ig", "plain text by name": "$plaintext$password", "{CLEARTEXT}": "{CLEARTEXT}password", "an unknown scheme": "$9$salt$hash",
		"{SSHA} without a salt": "{SSHA}at+xg6SiyUovktq1redipHiJpaE=", "{SHA} with one": "{SHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr", "{SSHA} of nothing": "{SSHA}",
		"{SSHA} with another base64": "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWIm_", "a line break": "{SHA}at+xg6SiyUovktq1redipHiJ\npaE=",
		"an empty PBKDF2": "pbkdf2_sha256$1000$salt$", "an empty Keycloak": keycloak("", "", `{"hashIterations":1,"algorithm":"pbkdf2"}`), "an empty object": "{}",
		"a one-time password of Keycloak": `{"type":"otp","secretData":"{\"value\":\"AAAA\"}","credentialData":"{\"hashIterations\":1,\"algorithm\":\"pbkdf2\"}"}`,
		"ASP.NET v2 that is too short":    "AAABAgME", "ASP.NET v3 without a key": "AQAAAAAAAAD6AAAAEA==", "an unknown version of ASP.NET": "AgAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M",
		"ASP.NET v3 with a salt of 4 GiB":               base64.StdEncoding.EncodeToString(append([]byte{1, 0, 0, 0, 1, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff}, make([]byte, 48)...)),
		"Firebase with hash and key of different sizes": "$fbscrypt$v=1,n=4,r=8,p=1,ss=Bw==,sk=AAAA$42xEC+ixf3L2lw==$AAA=", "a truncated phpass": "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L",
		"3,000 bytes": "{SSHA}" + strings.Repeat("A", 3000), "an argon2 of version 16": "$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
	} {
		h, err := pwhash.Parse(hash)
		if !errors.Is(err, pwhash.ErrHash) || h.Matches(hash) || h.Matches("") || h.Matches("password") {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && hash != "" && strings.Contains(err.Error(), hash) {
			t.Errorf("%s: the error repeats the hash", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range published {
		f.Add(c.hash, c.password)
	}
	f.Fuzz(func(t *testing.T, hash, password string) {
		h, err := pwhash.Parse(hash)
		if err == nil && h.Memory() < 1<<14 {
			h.Matches(password)
		}
	})
}
