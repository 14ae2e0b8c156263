// Package config reads the server's configuration and says everything that is wrong
// with it at once.
//
// [Load] lays four layers over each other: the defaults, the YAML file, the
// environment and the command line. Each layer is checked on its own against the
// keys of [Config] (file.go, env.go): an unknown key, a value of the wrong type and a
// secret whose file is missing become a [Fault] that names where the value came
// from. The merged value is then validated (validate.go), again collecting. Either
// there is no fault and the caller gets a [Config], or the error is a [Faults] that
// lists them all.
//
// Names: a key such as outbound.allow_hosts is CLOUDSSO_OUTBOUND_ALLOW_HOSTS in the
// environment, with lists separated by commas. With _FILE appended, the variable
// names a file that holds the value.
package config
