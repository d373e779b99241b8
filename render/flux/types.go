package flux

import (
	"strings"

	"github.com/syncgate/syncgate/render"
)

// The groups of Flux's objects.
const (
	kustomizeGroup = "kustomize.toolkit.fluxcd.io"
	helmGroup      = "helm.toolkit.fluxcd.io"
	sourceGroup    = "source.toolkit.fluxcd.io"
	extensionGroup = "source.extensions.fluxcd.io"
)

// deployer is a Flux object with the namespace that it is in.
type deployer struct {
	// id is its identity, with its namespace.
	id     render.ObjectID
	object render.Object
}

// group is the part of an API version before the slash.
func group(apiVersion string) string {
	before, _, found := strings.Cut(apiVersion, "/")
	if !found {
		return ""
	}
	return before
}

// reference names another object.
type reference struct {
	Kind      string `yaml:"kind"`
	Name      string `yaml:"name"`
	Namespace string `yaml:"namespace"`
}

// metadata is what is set on every object.
type metadata struct {
	Annotations map[string]string `yaml:"annotations"`
	Labels      map[string]string `yaml:"labels"`
}

// kustomizationSpec is what is rendered of a Kustomization.
type kustomizationSpec struct {
	Path             string      `yaml:"path"`
	SourceRef        reference   `yaml:"sourceRef"`
	TargetNamespace  string      `yaml:"targetNamespace"`
	Components       []string    `yaml:"components"`
	IgnoreComponents bool        `yaml:"ignoreMissingComponents"`
	CommonMetadata   *metadata   `yaml:"commonMetadata"`
	PostBuild        *postBuild  `yaml:"postBuild"`
	Suspend          bool        `yaml:"suspend"`
	DependsOn        []reference `yaml:"dependsOn"`
	Decryption       struct {
		Provider string `yaml:"provider"`
	} `yaml:"decryption"`
}

type postBuild struct {
	Substitute     map[string]string `yaml:"substitute"`
	SubstituteFrom []inputRef        `yaml:"substituteFrom"`
	Strategy       string            `yaml:"substituteStrategy"`
}

// inputRef names a ConfigMap or Secret that variables or values come from.
type inputRef struct {
	Kind       string `yaml:"kind"`
	Name       string `yaml:"name"`
	Optional   bool   `yaml:"optional"`
	ValuesKey  string `yaml:"valuesKey"`
	TargetPath string `yaml:"targetPath"`
	Literal    bool   `yaml:"literal"`
}

// helmReleaseSpec is what is rendered of a HelmRelease.
type helmReleaseSpec struct {
	Chart *struct {
		Spec chartSpec `yaml:"spec"`
	} `yaml:"chart"`
	ChartRef           *reference  `yaml:"chartRef"`
	ReleaseName        string      `yaml:"releaseName"`
	TargetNamespace    string      `yaml:"targetNamespace"`
	ValuesFrom         []inputRef  `yaml:"valuesFrom"`
	Install            helmAction  `yaml:"install"`
	Upgrade            helmAction  `yaml:"upgrade"`
	Rollback           helmAction  `yaml:"rollback"`
	Uninstall          helmAction  `yaml:"uninstall"`
	Test               helmTest    `yaml:"test"`
	PostRenderStrategy string      `yaml:"postRenderStrategy"`
	CommonMetadata     *metadata   `yaml:"commonMetadata"`
	Suspend            bool        `yaml:"suspend"`
	DependsOn          []reference `yaml:"dependsOn"`
}

// helmTest says whether the tests of a chart are run.
type helmTest struct {
	Enable bool `yaml:"enable"`
}

// helmAction is what is told of an action of Helm that changes what it
// deploys.
type helmAction struct {
	CRDs          string `yaml:"crds"`
	DisableHooks  bool   `yaml:"disableHooks"`
	DisableSchema bool   `yaml:"disableSchemaValidation"`
}

// chartSpec is a HelmChart, or what a HelmRelease makes one of.
type chartSpec struct {
	Chart               string    `yaml:"chart"`
	Version             string    `yaml:"version"`
	SourceRef           reference `yaml:"sourceRef"`
	ValuesFile          string    `yaml:"valuesFile"`
	ValuesFiles         []string  `yaml:"valuesFiles"`
	IgnoreMissingValues bool      `yaml:"ignoreMissingValuesFiles"`
	ReconcileStrategy   string    `yaml:"reconcileStrategy"`
}

// repositorySpec is what a GitRepository, OCIRepository or HelmRepository says.
type repositorySpec struct {
	URL  string `yaml:"url"`
	Type string `yaml:"type"`
	Ref  struct {
		Branch       string `yaml:"branch"`
		Tag          string `yaml:"tag"`
		SemVer       string `yaml:"semver"`
		SemVerFilter string `yaml:"semverFilter"`
		Name         string `yaml:"name"`
		Commit       string `yaml:"commit"`
		Digest       string `yaml:"digest"`
	} `yaml:"ref"`
	LayerSelector struct {
		MediaType string `yaml:"mediaType"`
	} `yaml:"layerSelector"`
	Ignore         *string   `yaml:"ignore"`
	SparseCheckout []string  `yaml:"sparseCheckout"`
	Include        []include `yaml:"include"`
	Suspend        bool      `yaml:"suspend"`
}

// include copies a part of another GitRepository into one.
type include struct {
	Repository struct {
		Name string `yaml:"name"`
	} `yaml:"repository"`
	FromPath string `yaml:"fromPath"`
	ToPath   string `yaml:"toPath"`
}

// generatorSpec is what an ArtifactGenerator says.
type generatorSpec struct {
	Sources []struct {
		Alias     string `yaml:"alias"`
		reference `yaml:",inline"`
	} `yaml:"sources"`
	Artifacts []struct {
		Name string `yaml:"name"`
		Copy []struct {
			From     string   `yaml:"from"`
			To       string   `yaml:"to"`
			Exclude  []string `yaml:"exclude"`
			Strategy string   `yaml:"strategy"`
		} `yaml:"copy"`
	} `yaml:"artifacts"`
}
