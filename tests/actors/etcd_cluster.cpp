// The suite of watches runs on a real etcd, too: its cluster is the store's tests'.
#include "tests/store/etcd_cluster.cpp"
