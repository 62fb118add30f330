package rule

// What the inspector looks for on each node, before anything is installed there.
const defaultRuleSet = `---
- kind: TCPPortAvailable
  when: ["master"]
  port: 6443

# Packages on ubuntu
- kind: PackageAvailable
  when: ["etcd", "ubuntu"]
  packageName: kismatic-etcd
  packageVersion: 1.5.1-3
- kind: PackageAvailable
  when: ["master", "ubuntu"]
  packageName: kismatic-kubernetes-master
  packageVersion: 1.5.1-3
- kind: PackageAvailable
  when: ["worker", "ubuntu"]
  packageName: kismatic-kubernetes-node
  packageVersion: 1.5.1-3
- kind: PackageAvailable
  when: ["ingress", "ubuntu"]
  packageName: kismatic-kubernetes-node
  packageVersion: 1.5.1-3
- kind: PackageAvailable
  when: ["storage", "ubuntu"]
  packageName: kismatic-kubernetes-node
  packageVersion: 1.5.1-3
- kind: PackageAvailable
  when: ["worker", "ubuntu"]
  packageName: kismatic-docker-engine
  packageVersion: 1.11.2-0~xenial
- kind: PackageAvailable
  when: ["storage", "ubuntu"]
  packageName: glusterfs-server
  packageVersion: 3.8.7-ubuntu1~xenial1

# Packages on centos
- kind: PackageAvailable
  when: ["etcd", "centos"]
  packageName: kismatic-etcd
  packageVersion: 1.5.1_3-1
- kind: PackageAvailable
  when: ["master", "centos"]
  packageName: kismatic-kubernetes-master
  packageVersion: 1.5.1_3-1
- kind: PackageAvailable
  when: ["worker", "centos"]
  packageName: kismatic-kubernetes-node
  packageVersion: 1.5.1_3-1
- kind: PackageAvailable
  when: ["ingress", "centos"]
  packageName: kismatic-kubernetes-node
  packageVersion: 1.5.1_3-1
- kind: PackageAvailable
  when: ["storage", "centos"]
  packageName: kismatic-kubernetes-node
  packageVersion: 1.5.1_3-1
- kind: PackageAvailable
  when: ["worker", "centos"]
  packageName: kismatic-docker-engine
  packageVersion: 1.11.2-1.el7.centos
- kind: PackageAvailable
  when: ["storage", "centos"]
  packageName: glusterfs-server
  packageVersion: 3.8.7-1.el7

# Packages on rhel
- kind: PackageAvailable
  when: ["etcd", "rhel"]
  packageName: kismatic-etcd
  packageVersion: 1.5.1_3-1
- kind: PackageAvailable
  when: ["master", "rhel"]
  packageName: kismatic-kubernetes-master
  packageVersion: 1.5.1_3-1
- kind: PackageAvailable
  when: ["worker", "rhel"]
  packageName: kismatic-kubernetes-node
  packageVersion: 1.5.1_3-1
- kind: PackageAvailable
  when: ["ingress", "rhel"]
  packageName: kismatic-kubernetes-node
  packageVersion: 1.5.1_3-1
- kind: PackageAvailable
  when: ["storage", "rhel"]
  packageName: kismatic-kubernetes-node
  packageVersion: 1.5.1_3-1
- kind: PackageAvailable
  when: ["worker", "rhel"]
  packageName: kismatic-docker-engine
  packageVersion: 1.11.2-1.el7.centos
- kind: PackageAvailable
  when: ["storage", "rhel"]
  packageName: glusterfs-server
  packageVersion: 3.8.7-1.el7
`

// DefaultRules are built in.
func DefaultRules() string { return defaultRuleSet }
