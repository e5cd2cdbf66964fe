// The default StorageClass: one directory a claim, on the node that the scheduler chose.
// It makes `local` volumes and not hostPath ones, because the kubelet applies a pod's fsGroup to the former only, and
// that is what real clusters do to a database's data directory. Every node is on this machine, so one process serves all.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

const provisionerName = "walguard.dev/local-directory"

type localDirectory struct{ root string }

func newProvisionerCommand() *cobra.Command {
	var kubeconfig, root string
	command := &cobra.Command{
		Use:          "volume-provisioner",
		Short:        "Provisions local volumes as directories of this machine",
		SilenceUsage: true,
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return err
			}
			// No leader election: the cluster tool starts exactly one.
			controller.NewProvisionController(command.Context(), client, provisionerName, localDirectory{root},
				controller.LeaderElection(false)).Run(command.Context())
			return nil
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "how to reach the API server")
	command.Flags().StringVar(&root, "root", "", "where the directories are made, as <root>/<node>/<volume>")
	return command
}

func (l localDirectory) Provision(_ context.Context, options controller.ProvisionOptions) (*corev1.PersistentVolume, controller.ProvisioningState, error) {
	if options.SelectedNodeName == "" {
		return nil, controller.ProvisioningFinished, fmt.Errorf("claim %s/%s has no selected node: the StorageClass must have volumeBindingMode WaitForFirstConsumer", options.PVC.Namespace, options.PVC.Name)
	}
	for _, mode := range options.PVC.Spec.AccessModes {
		if mode != corev1.ReadWriteOnce && mode != corev1.ReadWriteOncePod {
			return nil, controller.ProvisioningFinished, fmt.Errorf("access mode %s: a local volume has ReadWriteOnce and ReadWriteOncePod only", mode)
		}
	}
	directory := filepath.Join(l.root, options.SelectedNodeName, options.PVName)
	// root:root 0755, so that a pod without an fsGroup fails here as it would on a real disk.
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	return buildVolume(options, directory), controller.ProvisioningFinished, nil
}

func buildVolume(options controller.ProvisionOptions, directory string) *corev1.PersistentVolume {
	onNode := corev1.NodeSelectorRequirement{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{options.SelectedNodeName}}
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   options.PVC.Spec.AccessModes,
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: options.PVC.Spec.Resources.Requests[corev1.ResourceStorage]},
			PersistentVolumeSource:        corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: directory}},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{
				NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{onNode}}},
			}},
		},
	}
}

func (l localDirectory) Delete(_ context.Context, volume *corev1.PersistentVolume) error {
	path := volume.Spec.Local.Path
	// A volume can be written by any cluster admin; only what Provision made is removed.
	if inside, err := filepath.Match(filepath.Join(l.root, "*", volume.Name), path); err != nil || !inside {
		return fmt.Errorf("volume %s points to %s, which is not below %s: not removed", volume.Name, path, l.root)
	}
	return os.RemoveAll(path)
}
