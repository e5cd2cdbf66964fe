# rootfs.tar is what debootstrap made.
FROM scratch
ADD rootfs.tar /
CMD ["bash"]
