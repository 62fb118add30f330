package integration

const (
	installEtcdYum = `sudo yum -y install kismatic-etcd-1.5.1_3-1`
	installEtcdApt = `sudo apt-get -y install kismatic-etcd=1.5.1-3`
	installNodeApt = `sudo apt-get -y install kismatic-docker-engine=1.11.2-0~xenial kismatic-kubernetes-node=1.5.1-3`
)
