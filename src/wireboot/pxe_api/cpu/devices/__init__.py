"""The devices that a boot program may reach by ports, each as much of it as such programs ask for."""
