package git

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/syncgate/syncgate/render/netrc"
)

// The environment variables that hold the login for HTTP. The user name may
// be left out where a token is the password. The host is needed for what the
// operator did not name as the source: no repository may have the login sent
// to a host of its choice.
const (
	EnvUsername = "SYNCGATE_GIT_USERNAME"
	EnvPassword = "SYNCGATE_GIT_PASSWORD"
	EnvHost     = "SYNCGATE_GIT_HOST"
)

// login is a user name and a password or token.
type login struct{ user, password string }

// httpAuth returns the login for a server of HTTP, or nil for none: that in
// the URL, else that in the environment, else that in the netrc file.
func (r *remote) httpAuth() (transport.AuthMethod, error) {
	found := r.login()
	if found == nil {
		return nil, nil
	}
	if r.location.plainHTTP() {
		return nil, errors.New("a login is never sent over plain HTTP; use https")
	}
	return &githttp.BasicAuth{Username: found.user, Password: found.password}, nil
}

func (r *remote) login() *login {
	if r.location.endpoint.Protocol == "ssh" {
		return nil
	}
	if r.location.user != "" || r.location.password != "" {
		return &login{r.location.user, r.location.password}
	}
	if found := r.environment(); found != nil {
		return found
	}
	// A default entry is for hosts that the operator names, not a repository.
	found, ok := netrc.Lookup(strings.Trim(r.location.endpoint.Host, "[]"))
	if !ok || found.Default && !r.operator {
		return nil
	}
	return &login{found.User, found.Password}
}

// environment returns the login in the environment if it is for this host.
func (r *remote) environment() *login {
	found := &login{os.Getenv(EnvUsername), os.Getenv(EnvPassword)}
	if found.password == "" {
		return nil
	}
	if found.user == "" {
		found.user = "git"
	}
	host := os.Getenv(EnvHost)
	switch {
	case host == "" && r.operator:
		return found
	case host != "" && (strings.EqualFold(host, r.location.endpoint.Host) || strings.EqualFold(host, r.hostPort())):
		return found
	}
	return nil
}

// hostPort is "host:port" with the port as written.
func (r *remote) hostPort() string {
	return net.JoinHostPort(strings.Trim(r.location.endpoint.Host, "[]"), fmt.Sprint(r.location.endpoint.Port))
}

// secrets are what no message may hold.
func (r *remote) secrets() []string {
	found := r.login()
	if found == nil {
		return nil
	}
	secrets := []string{found.password}
	if found.password == "" {
		secrets = []string{found.user} // a token in place of the user
	}
	return secrets
}

// loginHint says where to put a login.
func (r *remote) loginHint() string {
	switch {
	case r.login() != nil:
		return ", and this one is wrong"
	case r.operator:
		return fmt.Sprintf("; set %s and %s, or add the host to ~/.netrc", EnvUsername, EnvPassword)
	}
	return fmt.Sprintf("; set %s, %s and %s, or add the host to ~/.netrc", EnvUsername, EnvPassword, EnvHost)
}

// sshAuth returns the keys for a server of SSH: those of the agent, else
// those of the user's own key files that have no passphrase. The server's key
// must be in SSH_KNOWN_HOSTS, ~/.ssh/known_hosts or /etc/ssh/ssh_known_hosts.
// Done is to be called once the keys are no longer needed.
func sshAuth(endpoint *transport.Endpoint) (auth transport.AuthMethod, done func(), err error) {
	user := endpoint.User
	if user == "" {
		user = gitssh.DefaultUsername
	}
	done = func() {}
	if socket := os.Getenv("SSH_AUTH_SOCK"); socket != "" {
		connection, err := net.Dial("unix", socket)
		if err != nil {
			return nil, done, fmt.Errorf("ask the ssh-agent: %w", err)
		}
		keys := &gitssh.PublicKeysCallback{User: user, Callback: agent.NewClient(connection).Signers}
		auth, err = withKnownHosts(keys, &keys.HostKeyCallbackHelper, endpoint)
		return auth, func() { _ = connection.Close() }, err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, done, errors.New("there is no ssh-agent and no home directory with keys")
	}
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		key, err := gitssh.NewPublicKeysFromFile(user, filepath.Join(home, ".ssh", name), "")
		if err == nil {
			auth, err = withKnownHosts(key, &key.HostKeyCallbackHelper, endpoint)
			return auth, done, err
		}
	}
	return nil, done, errors.New("there is no ssh-agent (SSH_AUTH_SOCK is not set) and no key without a passphrase in ~/.ssh")
}

// withKnownHosts has a server's key checked, and asks it for a kind of key
// that is known.
func withKnownHosts(auth transport.AuthMethod, helper *gitssh.HostKeyCallbackHelper, endpoint *transport.Endpoint) (transport.AuthMethod, error) {
	known, err := gitssh.NewKnownHostsDb()
	if err != nil {
		return nil, errors.New("there is no known_hosts file to check the server's key against; run ssh-keyscan and compare, or set SSH_KNOWN_HOSTS")
	}
	port := endpoint.Port
	if port == 0 {
		port = gitssh.DefaultPort
	}
	helper.HostKeyCallback = known.HostKeyCallback()
	helper.HostKeyAlgorithms = known.HostKeyAlgorithms(net.JoinHostPort(strings.Trim(endpoint.Host, "[]"), fmt.Sprint(port)))
	return auth, nil
}
