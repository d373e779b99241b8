package flux

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// The fields below are those of the API modules kustomize-controller/api
// 1.9.6, helm-controller/api 1.6.5 and source-controller/api 1.9.6, and those
// that came with 1.10 and 1.7. A path that ends in ** takes everything below:
// it does not change what is rendered, or is read as a whole. Whatever is not
// listed is unknown.

// commonFields are those of every object.
func commonFields() []string {
	return []string{"apiVersion", "kind", "metadata.**", "status.**"}
}

// kustomizationFields are those of Kustomizations of all versions.
func kustomizationFields() []string {
	return []string{
		// What is rendered.
		"spec.buildMetadata", "spec.components", "spec.ignoreMissingComponents",
		"spec.commonMetadata.annotations.**", "spec.commonMetadata.labels.**",
		"spec.decryption.provider", "spec.decryption.serviceAccountName", "spec.decryption.secretRef.name",
		"spec.images.name", "spec.images.newName", "spec.images.newTag", "spec.images.digest",
		"spec.namePrefix", "spec.nameSuffix", "spec.targetNamespace", "spec.path",
		"spec.patches.patch", "spec.patches.target.**",
		"spec.patchesStrategicMerge.**", "spec.patchesJson6902.patch.**", "spec.patchesJson6902.target.**",
		"spec.postBuild.substitute.**", "spec.postBuild.substituteStrategy",
		"spec.postBuild.substituteFrom.kind", "spec.postBuild.substituteFrom.name", "spec.postBuild.substituteFrom.optional",
		"spec.sourceRef.apiVersion", "spec.sourceRef.kind", "spec.sourceRef.name", "spec.sourceRef.namespace",
		"spec.suspend", "spec.dependsOn.name", "spec.dependsOn.namespace", "spec.dependsOn.readyExpr",
		// How and where it is applied.
		"spec.deletionPolicy", "spec.force", "spec.healthCheckExprs.**", "spec.healthChecks.**", "spec.ignore.**",
		"spec.interval", "spec.kubeConfig.**", "spec.prune", "spec.retryInterval", "spec.serviceAccountName",
		"spec.timeout", "spec.validation", "spec.wait",
	}
}

// helmReleaseFields are those of HelmReleases of all versions.
func helmReleaseFields() []string {
	return append(chartFields("spec.chart.spec."), []string{
		// What is rendered.
		"spec.chart.metadata.**",
		"spec.chartRef.apiVersion", "spec.chartRef.kind", "spec.chartRef.name", "spec.chartRef.namespace",
		"spec.commonMetadata.annotations.**", "spec.commonMetadata.labels.**",
		"spec.dependsOn.name", "spec.dependsOn.namespace", "spec.dependsOn.readyExpr",
		"spec.install.crds", "spec.install.skipCRDs", "spec.install.disableHooks", "spec.install.disableSchemaValidation",
		"spec.upgrade.crds", "spec.upgrade.disableHooks", "spec.upgrade.disableSchemaValidation",
		"spec.rollback.disableHooks", "spec.uninstall.disableHooks",
		"spec.postRenderStrategy", "spec.postRenderers.kustomize.images.name", "spec.postRenderers.kustomize.images.newName",
		"spec.postRenderers.kustomize.images.newTag", "spec.postRenderers.kustomize.images.digest",
		"spec.postRenderers.kustomize.patches.patch", "spec.postRenderers.kustomize.patches.target.**",
		"spec.postRenderers.kustomize.patchesStrategicMerge.**",
		"spec.postRenderers.kustomize.patchesJson6902.patch.**", "spec.postRenderers.kustomize.patchesJson6902.target.**",
		"spec.releaseName", "spec.suspend", "spec.targetNamespace", "spec.test.enable", "spec.values.**",
		"spec.valuesFrom.kind", "spec.valuesFrom.name", "spec.valuesFrom.valuesKey", "spec.valuesFrom.targetPath",
		"spec.valuesFrom.optional", "spec.valuesFrom.literal",
		// How and where it is applied. Filters of tests are not heeded: all
		// of them are rendered.
		"spec.driftDetection.**", "spec.healthCheckExprs.**", "spec.interval", "spec.kubeConfig.**", "spec.maxHistory",
		"spec.persistentClient", "spec.serviceAccountName", "spec.storageNamespace", "spec.timeout", "spec.waitStrategy.**",
		"spec.install.createNamespace", "spec.install.disableOpenAPIValidation", "spec.install.disableTakeOwnership",
		"spec.install.disableWait", "spec.install.disableWaitForJobs", "spec.install.remediation.**", "spec.install.replace",
		"spec.install.serverSideApply", "spec.install.strategy.**", "spec.install.timeout",
		"spec.upgrade.chartNameChangeStrategy", "spec.upgrade.cleanupOnFail", "spec.upgrade.disableOpenAPIValidation",
		"spec.upgrade.disableTakeOwnership", "spec.upgrade.disableWait", "spec.upgrade.disableWaitForJobs",
		"spec.upgrade.force", "spec.upgrade.preserveValues", "spec.upgrade.remediation.**", "spec.upgrade.serverSideApply",
		"spec.upgrade.strategy.**", "spec.upgrade.timeout",
		"spec.rollback.cleanupOnFail", "spec.rollback.disableWait", "spec.rollback.disableWaitForJobs",
		"spec.rollback.force", "spec.rollback.recreate", "spec.rollback.serverSideApply", "spec.rollback.timeout",
		"spec.uninstall.deletionPropagation", "spec.uninstall.disableWait", "spec.uninstall.keepHistory", "spec.uninstall.timeout",
		"spec.test.filters.**", "spec.test.ignoreFailures", "spec.test.timeout",
	}...)
}

// chartFields are those of a HelmChart, below a prefix.
func chartFields(prefix string) []string {
	var fields []string
	for _, field := range []string{
		"chart", "version", "sourceRef.apiVersion", "sourceRef.kind", "sourceRef.name", "sourceRef.namespace",
		"reconcileStrategy", "valuesFile", "valuesFiles", "ignoreMissingValuesFiles", "interval", "suspend", "verify.**",
	} {
		fields = append(fields, prefix+field)
	}
	return fields
}

// sourceFields are those of a kind of source.
func sourceFields(kind string) []string {
	switch kind {
	case "GitRepository":
		return []string{
			"spec.url", "spec.ref.branch", "spec.ref.tag", "spec.ref.semver", "spec.ref.name", "spec.ref.commit",
			"spec.ignore", "spec.include.repository.name", "spec.include.fromPath", "spec.include.toPath",
			"spec.sparseCheckout", "spec.recurseSubmodules", "spec.suspend",
			"spec.interval", "spec.provider", "spec.proxySecretRef.**", "spec.secretRef.**", "spec.serviceAccountName",
			"spec.timeout", "spec.verify.**", "spec.gitImplementation", "spec.accessFrom.**",
		}
	case "OCIRepository":
		return []string{
			"spec.url", "spec.ref.digest", "spec.ref.semver", "spec.ref.semverFilter", "spec.ref.tag",
			"spec.layerSelector.mediaType", "spec.layerSelector.operation", "spec.ignore", "spec.suspend",
			"spec.certSecretRef.**", "spec.insecure", "spec.interval", "spec.provider", "spec.proxySecretRef.**",
			"spec.secretRef.**", "spec.serviceAccountName", "spec.timeout", "spec.verify.**",
		}
	case "HelmRepository":
		return []string{
			"spec.url", "spec.type", "spec.suspend",
			"spec.accessFrom.**", "spec.certSecretRef.**", "spec.insecure", "spec.interval", "spec.passCredentials",
			"spec.provider", "spec.secretRef.**", "spec.timeout",
		}
	case "HelmChart":
		return append(chartFields("spec."), "spec.accessFrom.**")
	case "ArtifactGenerator":
		return []string{
			"spec.sources.alias", "spec.sources.kind", "spec.sources.name", "spec.sources.namespace",
			"spec.artifacts.name", "spec.artifacts.revision", "spec.artifacts.originRevision",
			"spec.artifacts.copy.from", "spec.artifacts.copy.to", "spec.artifacts.copy.exclude", "spec.artifacts.copy.strategy",
			"spec.commonMetadata.**",
		}
	}
	return []string{"spec.**"}
}

// fieldTree is a set of paths of fields.
type fieldTree map[string]fieldTree

func newFieldTree(paths []string) fieldTree {
	root := fieldTree{}
	for _, path := range append(commonFields(), paths...) {
		at := root
		for step := range strings.SplitSeq(path, ".") {
			if at[step] == nil {
				at[step] = fieldTree{}
			}
			at = at[step]
		}
	}
	return root
}

// unknownFields returns a problem for each field of an object that is not
// among those given.
func (d *deployer) unknownFields(paths []string) []*render.Problem {
	var found []*render.Problem
	var walk func(node *yaml.Node, tree fieldTree, field render.Field)
	walk = func(node *yaml.Node, tree fieldTree, field render.Field) {
		if tree["**"] != nil {
			return
		}
		if node.Kind == yaml.SequenceNode {
			for i, item := range node.Content {
				walk(item, tree, append(field[:len(field):len(field)], render.Step{Index: i}))
			}
		}
		if node.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			at := append(field[:len(field):len(field)], render.Step{Key: key.Value})
			if tree[key.Value] != nil {
				walk(value, tree[key.Value], at)
				continue
			}
			place := d.locate(at, value)
			if d.object.Locator == nil {
				place.Line, place.Column = key.Line, key.Column
			}
			found = append(found, hint(d.unseen(place, CodeUnknownField, "field %s is not known and may change what is deployed", at),
				"check its spelling against %s, or use a version of syncgate that knows it", d.id.APIVersion))
		}
	}
	walk(d.object.Node, newFieldTree(paths), nil)
	return found
}

// decode reads the spec of an object.
func (d *deployer) decode(into any) *render.Problem {
	spec := render.Child(d.object.Node, "spec")
	if spec == nil {
		return d.broken(d.object.Origin, CodeInvalid, "spec is missing")
	}
	if err := spec.Decode(into); err != nil {
		return hint(d.broken(d.at("spec"), CodeInvalid, "spec cannot be read: %s", typeError(err)), "check it against %s", d.id.APIVersion)
	}
	return nil
}

// typeError says what is wrong with a spec, without the values that the
// parser would quote.
func typeError(err error) string {
	list, ok := err.(*yaml.TypeError)
	if !ok || len(list.Errors) == 0 {
		return "it is not of the right form"
	}
	text := list.Errors[0]
	if at := strings.Index(text, "cannot unmarshal "); at >= 0 {
		text = text[at:]
	}
	tag, _, _ := strings.Cut(strings.TrimPrefix(text, "cannot unmarshal "), " ")
	if into := strings.LastIndex(text, " into "); into >= 0 {
		return fmt.Sprintf("a field holds a %s where it takes a %s", tag, strings.TrimPrefix(text[into+6:], "flux."))
	}
	return "it is not of the right form"
}
