package flux

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

// clusterOf returns what asks an API server what the cluster is, as Helm does.
func clusterOf(config *rest.Config) (func() (Cluster, error), error) {
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return func() (Cluster, error) { return ask(client) }, nil
}

func ask(client discovery.DiscoveryInterface) (Cluster, error) {
	version, err := client.ServerVersion()
	if err != nil {
		return Cluster{}, fmt.Errorf("ask for the version of the cluster: %w", err)
	}
	found := map[string]bool{}
	_, lists, err := client.ServerGroupsAndResources()
	// What an aggregated API server that is down would have, Helm leaves out.
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return Cluster{}, fmt.Errorf("ask for the API versions of the cluster: %w", err)
	}
	for _, list := range lists {
		found[list.GroupVersion] = true
		for _, resource := range list.APIResources {
			if !strings.Contains(resource.Name, "/") {
				found[list.GroupVersion+"/"+resource.Kind] = true
			}
		}
	}
	all := make([]string, 0, len(found))
	for name := range found {
		all = append(all, name)
	}
	slices.Sort(all)
	return Cluster{Version: strings.TrimPrefix(version.GitVersion, "v"), APIs: all}, nil
}
